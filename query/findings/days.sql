-- Every school day of a year, with the requests stopped: all categories together.
SELECT d.date, d.is_past, d.is_counted, d.has_logs, coalesce(s.stopped, 0) AS stopped
FROM seen_days d
LEFT JOIN (
    SELECT h.event_date, CAST(sum(h.requests) AS BIGINT) AS stopped
    FROM decided_days h
    WHERE h.school_id = $school AND h.action IN ('blocked', 'warned')
    GROUP BY h.event_date
) s ON s.event_date = d.date
WHERE d.school_id = $school AND d.academic_year = $year
ORDER BY d.date
