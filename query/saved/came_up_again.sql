-- id: came_up_again
-- title: What came up again this week?
-- explanation: Pupils for whom one theme came up on three days or more within the seven days that end on the day given. It may be
--     persistence, curiosity or a project.
-- limits: A reason to look, not a judgement: a child who works on a project looks the same. Themes of the lowest severity are left
--     out.
-- audience: dsl
-- parameter: until | date | today | Last of the seven days
-- chart: none
-- version: 1
SELECT p.user_key AS pupil, coalesce(max(p.year_group), '') AS year_group, coalesce(max(t.title), p.topic) AS about,
       count(DISTINCT p.event_date) AS days, sum(p.searches) AS searches, sum(p.blocked) AS stopped, max(p.severity) AS severity,
       min(p.event_date) AS first_day, max(p.event_date) AS last_day
FROM pupil_days p
LEFT JOIN themes t ON t.theme = p.topic
WHERE p.school_id = $school AND p.user_type = 'pupil' AND p.severity >= 2
  AND p.event_date > $until - INTERVAL '7 days' AND p.event_date <= $until
GROUP BY p.user_key, p.topic
HAVING count(DISTINCT p.event_date) >= 3
ORDER BY days DESC, severity DESC, about, pupil
