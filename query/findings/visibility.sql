-- What could be seen of each half-term, by source that fed decisions.
SELECT d.academic_year, d.period_no, d.start_date, h.source_id, h.layer, min(h.event_date) AS first_day,
       CAST(sum(h.requests) AS BIGINT) AS requests, CAST(sum(h.identified) AS BIGINT) AS identified,
       CAST(sum(h.https) AS BIGINT) AS https, CAST(sum(h.path_visible) AS BIGINT) AS path_visible
FROM decided_days h
JOIN seen_days d ON d.school_id = h.school_id AND d.date = h.event_date
WHERE h.school_id = $school AND d.is_past
GROUP BY d.academic_year, d.period_no, d.start_date, h.source_id, h.layer
ORDER BY d.academic_year, d.period_no, h.source_id
