-- id: new_concerns
-- title: What is new since yesterday?
-- explanation: Pupils who searched for or were stopped from something of concern since the day given, and had nothing of that theme
--     in the four weeks before.
-- limits: New here means new in the logs. It may be a lesson: look at how many pupils share it. Staff, guests and shared sign-ins
--     are left out.
-- audience: dsl
-- parameter: since | date | yesterday | Since
-- parameter: until | date | today | Until
-- chart: none
-- version: 1
WITH now AS (
    SELECT p.user_key, p.topic, max(p.year_group) AS year_group, max(p.severity) AS severity, sum(p.searches) AS searches,
           sum(p.blocked) AS stopped, sum(p.opened) AS opened, min(p.event_date) AS first_day
    FROM pupil_days p
    WHERE p.school_id = $school AND p.event_date BETWEEN $since AND $until AND p.user_type = 'pupil' AND p.severity >= 1
    GROUP BY p.user_key, p.topic
),
before AS (
    SELECT DISTINCT p.user_key, p.topic
    FROM pupil_days p
    WHERE p.school_id = $school AND p.user_type = 'pupil' AND p.severity >= 1
      AND p.event_date >= $since - INTERVAL '28 days' AND p.event_date < $since
)
SELECT n.severity, coalesce(t.title, n.topic) AS about, n.user_key AS pupil, coalesce(n.year_group, '') AS year_group,
       n.searches, n.stopped, n.opened, n.first_day
FROM now n
LEFT ANTI JOIN before b ON b.user_key = n.user_key AND b.topic = n.topic
LEFT JOIN themes t ON t.theme = n.topic
ORDER BY n.severity DESC, about, pupil
