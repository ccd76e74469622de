-- id: coverage_by_source
-- title: Which days do the logs cover?
-- explanation: School days with logs, for each source, in one half-term.
-- limits: A day with one line counts. What no source sees (phones on mobile data, devices at home) is in no log.
-- audience: dsl, head, technician
-- parameter: half_term | half_term | this half-term | Half-term
-- chart: bars source percent_with_logs
-- version: 1
WITH began AS (
    SELECT a.source_id, min(a.event_date) AS began FROM logged_days a WHERE a.school_id = $school GROUP BY a.source_id
)
SELECT b.source_id AS source, coalesce(max(s.layer), 'filter') AS layer, count(*) AS school_days,
       count(*) FILTER (WHERE l.event_date IS NOT NULL) AS with_logs,
       round(100.0 * count(*) FILTER (WHERE l.event_date IS NOT NULL) / count(*), 1) AS percent_with_logs
FROM seen_days d
JOIN began b ON b.began <= d.date
LEFT JOIN logged_days l ON l.school_id = d.school_id AND l.source_id = b.source_id AND l.event_date = d.date
LEFT JOIN sources s ON s.source_id = b.source_id AND s.school_id = d.school_id
WHERE d.school_id = $school AND d.is_past AND d.date BETWEEN $half_term_from AND $half_term_to
GROUP BY b.source_id
ORDER BY source
