-- id: feeds
-- title: Are the logs still coming in?
-- explanation: Each source of the school: its last day with lines, and how many requests it brought in the last seven days and the
--     seven before.
-- limits: By day, not by hour. Holidays are quiet.
-- audience: dsl, head, technician
-- parameter: until | date | today | Until
-- chart: none
-- version: 1
SELECT coalesce(s.source_id, a.source_id) AS source, coalesce(max(s.layer), 'filter') AS layer, max(a.event_date) AS last_day,
       coalesce(sum(a.requests) FILTER (WHERE a.event_date > $until - INTERVAL '7 days'), 0) AS last_7_days,
       coalesce(sum(a.requests) FILTER (WHERE a.event_date <= $until - INTERVAL '7 days' AND a.event_date > $until - INTERVAL '14 days'), 0) AS the_7_before
FROM (SELECT x.source_id, x.layer FROM sources x WHERE x.school_id = $school) s
FULL OUTER JOIN (
    SELECT y.source_id, y.event_date, y.requests FROM activity_hourly y WHERE y.school_id = $school AND y.event_date <= $until
) a ON a.source_id = s.source_id
GROUP BY coalesce(s.source_id, a.source_id)
ORDER BY last_day, source
