-- id: before_and_after
-- title: What happened in the hour before and after?
-- explanation: What this pupil searched for, opened or was stopped from around one moment of one day, in order of time. The same
--     thing within a minute is one line.
-- limits: A search may be homework, and another child may have used the device. Visits to help lines and to health, sex education
--     and identity sites read "private support site" unless there is an urgent search on the same day. It does not look past midnight.
-- audience: dsl
-- parameter: pupil | user_key | - | Pupil, by key
-- parameter: day | date | today | Day
-- parameter: time | time | - | Time of day
-- parameter: minutes | number | 60 | Minutes before and after
-- chart: timeline time
-- terms: yes
-- version: 1
WITH seen AS (
    SELECT d.local_time, d.kind, d.action, d.host, d.category, d.theme, d.search_term, d.device_key
    FROM decisions d
    WHERE d.school_id = $school AND d.event_date = $day AND d.user_key = $pupil AND d.user_type = 'pupil' AND abs((date_part('hour', d.local_time) * 60 + date_part('minute', d.local_time))
          - (CAST(left($time, 2) AS INT) * 60 + CAST(right($time, 2) AS INT))) <= $minutes
    UNION ALL
    SELECT e.local_time, e.kind, e.action, e.host, e.category, e.theme, e.search_term, e.device_key
    FROM events e
    WHERE e.school_id = $school AND e.event_date = $day AND e.user_key = $pupil AND e.user_type = 'pupil' AND e.kind = 'concern' AND abs((date_part('hour', e.local_time) * 60 + date_part('minute', e.local_time))
          - (CAST(left($time, 2) AS INT) * 60 + CAST(right($time, 2) AS INT))) <= $minutes
),
background AS (
    SELECT date_trunc('hour', e.local_time) AS local_time, count(*) AS times
    FROM events e
    WHERE e.school_id = $school AND e.event_date = $day AND e.user_key = $pupil AND e.user_type = 'pupil' AND e.furniture AND abs((date_part('hour', e.local_time) * 60 + date_part('minute', e.local_time))
          - (CAST(left($time, 2) AS INT) * 60 + CAST(right($time, 2) AS INT))) <= $minutes
    GROUP BY date_trunc('hour', e.local_time)
),
rows AS (
    SELECT s.local_time,
           CASE WHEN s.kind = 'concern' THEN 'device monitor noticed'
            WHEN s.search_term IS NOT NULL AND s.action IN ('blocked', 'warned') THEN 'was stopped from searching for'
            WHEN s.search_term IS NOT NULL THEN 'searched for'
            WHEN s.action = 'blocked' THEN 'was stopped from'
            WHEN s.action = 'warned' THEN 'was warned about'
            WHEN s.action = 'overridden' THEN 'went past a block to'
            WHEN s.kind = 'dns' THEN 'asked for the address of'
            ELSE 'opened' END AS what,
           coalesce(s.search_term, s.host, '') AS of_what, s.theme, s.category, s.device_key
    FROM seen s
)
SELECT to_char(min(r.local_time), '%H:%M:%S') AS time, r.what, r.of_what,
       coalesce(max(t.title), max(c.title), '') AS about, count(*) AS times, coalesce(r.device_key, '') AS device
FROM rows r
LEFT JOIN themes t ON t.theme = r.theme
LEFT JOIN categories c ON c.category = r.category
GROUP BY date_trunc('minute', r.local_time), r.what, r.of_what, r.device_key
UNION ALL
SELECT to_char(b.local_time, '%H:%M:%S') AS time, 'background, opened by nobody' AS what, '' AS of_what,
       '' AS about, b.times, '' AS device
FROM background b
ORDER BY time, what, of_what, about, device
