-- Every school and academic year with logs: requests, requests stopped, those tied to one person, last day.
SELECT h.school_id, h.year_start, max(h.event_date) AS last_day,
       CAST(sum(h.requests) AS BIGINT) AS requests, CAST(sum(h.identified) AS BIGINT) AS identified,
       coalesce(CAST(sum(h.requests) FILTER (WHERE h.action IN ('blocked', 'warned')) AS BIGINT), 0) AS stopped
FROM (
    SELECT d.school_id, d.event_date, d.action, d.requests, d.identified,
           date_part('year', d.event_date)
               - CASE WHEN date_part('month', d.event_date) >= CASE WHEN s.nation = 'scotland' THEN 8 ELSE 9 END THEN 0 ELSE 1 END AS year_start
    FROM decided_hours d
    JOIN schools s ON s.school_id = d.school_id
) h
GROUP BY h.school_id, h.year_start
ORDER BY h.school_id, h.year_start
