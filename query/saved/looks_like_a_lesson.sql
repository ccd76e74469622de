-- id: looks_like_a_lesson
-- title: Which concerns look like a lesson?
-- explanation: The same site or search from at least five pupils within half an hour: a class, more often than five worries. If
--     pupils were stopped, a lesson was.
-- limits: Not proof of a lesson: something passed round a class looks the same. Sites listed as illegal are not named.
-- audience: dsl
-- parameter: from | date | 27 days ago | First day
-- parameter: to | date | today | Last day
-- chart: none
-- terms: yes
-- most_days: 62
-- version: 1
WITH seen AS (
    SELECT d.event_date, date_bin(INTERVAL '30 minutes', d.event_time) AS half_hour, d.user_key, d.action,
           CASE WHEN d.search_term IS NOT NULL THEN 'search' ELSE 'site' END AS what,
           coalesce(d.search_term, d.host) AS of_what, coalesce(d.theme, d.category) AS topic
    FROM decisions d
    WHERE d.school_id = $school AND d.event_date BETWEEN $from AND $to AND d.user_type = 'pupil' AND d.user_key IS NOT NULL
      AND (d.theme IS NOT NULL OR d.action IN ('blocked', 'warned')) AND coalesce(d.concern_severity, 0) < 4
),
classes AS (
    SELECT s.half_hour, s.what, s.of_what, s.topic, count(DISTINCT s.user_key) AS pupils, count(*) AS requests,
           count(*) FILTER (WHERE s.action IN ('blocked', 'warned')) AS stopped, min(s.event_date) AS day
    FROM seen s
    GROUP BY s.half_hour, s.what, s.of_what, s.topic
    HAVING count(DISTINCT s.user_key) >= 5
)
SELECT c.what, c.of_what, coalesce(max(t.title), max(k.title), '') AS about, count(*) AS half_hours, max(c.pupils) AS most_pupils_at_once,
       sum(c.requests) AS requests, sum(c.stopped) AS stopped, min(c.day) AS first_day, max(c.day) AS last_day
FROM classes c
LEFT JOIN themes t ON t.theme = c.topic
LEFT JOIN categories k ON k.category = c.topic
GROUP BY c.what, c.of_what
ORDER BY stopped DESC, requests DESC, of_what
