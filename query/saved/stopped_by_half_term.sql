-- id: stopped_by_half_term
-- title: How much was stopped over the year?
-- explanation: Requests seen and requests stopped in each half-term of the year, and the share stopped.
-- limits: The share falls when background noise is filtered better. Of what we could read, on days with logs.
-- audience: dsl, head, technician
-- parameter: year | year | this year | Academic year
-- chart: line half_term percent_stopped
-- version: 1
SELECT d.label AS half_term, sum(h.requests) AS requests,
       coalesce(sum(h.requests) FILTER (WHERE h.action IN ('blocked', 'warned')), 0) AS stopped,
       CASE WHEN bool_and(h.logs_allowed)
            THEN round(100.0 * coalesce(sum(h.requests) FILTER (WHERE h.action IN ('blocked', 'warned')), 0) / nullif(sum(h.requests), 0), 2) END AS percent_stopped
FROM decided_days h
JOIN seen_days d ON d.school_id = h.school_id AND d.date = h.event_date
WHERE h.school_id = $school AND d.academic_year = $year AND d.is_past
GROUP BY d.period_no, d.label
ORDER BY d.period_no
