-- id: lesson_sites_stopped
-- title: Which lesson sites were pupils stopped from?
-- explanation: Sites that a policy allows for teaching, or that at least five pupils were stopped from in half an hour, as a class
--     is. Ask the teacher, then ask IT support to look at each.
-- limits: A site passed round a class looks the same. Sites in a category that policy blocks may be rightly stopped: look before you
--     ask to allow one. Sites listed as illegal are not named.
-- audience: dsl, head, technician
-- parameter: from | date | 27 days ago | First day
-- parameter: to | date | today | Last day
-- chart: bars site stopped
-- most_days: 62
-- version: 1
WITH stopped AS (
    SELECT d.event_date, date_bin(INTERVAL '30 minutes', d.event_time) AS half_hour, d.user_key, d.host, d.category, d.profile, d.user_type
    FROM decisions d
    WHERE d.school_id = $school AND d.event_date BETWEEN $from AND $to AND d.user_type = 'pupil'
      AND d.action IN ('blocked', 'warned') AND d.host IS NOT NULL AND d.host <> 'address not shown'
),
classes AS (
    SELECT s.host FROM stopped s GROUP BY s.host, s.half_hour HAVING count(DISTINCT s.user_key) >= 5
),
allowed AS (
    SELECT DISTINCT j.category FROM judged_days j
    WHERE j.school_id = $school AND j.event_date BETWEEN $from AND $to AND j.expected = 'allow' AND j.user_type = 'pupil'
)
SELECT s.host AS site, coalesce(max(c.title), '') AS listed_as, count(DISTINCT s.user_key) AS pupils, count(*) AS stopped,
       CASE WHEN max(a.category) IS NOT NULL THEN 'policy allows it' ELSE 'a class at once' END AS why_listed,
       min(s.event_date) AS first_day, max(s.event_date) AS last_day
FROM stopped s
LEFT JOIN categories c ON c.category = s.category
LEFT JOIN allowed a ON a.category = s.category
LEFT JOIN (SELECT DISTINCT x.host FROM classes x) k ON k.host = s.host
WHERE a.category IS NOT NULL OR k.host IS NOT NULL
GROUP BY s.host
ORDER BY stopped DESC, site
