-- id: pupil_history
-- title: What came up for this pupil before?
-- explanation: Days on which something came up for this pupil, by theme, as far back as daily figures are kept.
-- limits: Counts only: open a day to see what it was. Help that the pupil looked for is left out unless there was an urgent search
--     that day.
-- audience: dsl
-- parameter: pupil | user_key | - | Pupil, by key
-- parameter: from | date | 365 days ago | First day
-- parameter: to | date | today | Last day
-- chart: none
-- version: 1
SELECT p.event_date AS day, coalesce(t.title, p.topic) AS about, max(p.severity) AS severity, sum(p.searches) AS searches,
       sum(p.blocked) AS stopped, sum(p.opened) AS opened, sum(p.out_of_hours) AS outside_school_hours
FROM pupil_days p
LEFT JOIN themes t ON t.theme = p.topic
WHERE p.school_id = $school AND p.user_key = $pupil AND p.user_type = 'pupil' AND p.event_date BETWEEN $from AND $to
GROUP BY p.event_date, p.topic, t.title
ORDER BY day DESC, about
