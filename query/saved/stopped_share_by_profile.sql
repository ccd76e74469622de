-- id: stopped_share_by_profile
-- title: How much is stopped, by filter profile?
-- explanation: For each of the filter's profiles: requests seen, requests stopped and the share. Pupils and staff should differ.
-- limits: Of what we could read. The share falls when background noise is filtered better, so compare like with like.
-- audience: dsl, head, technician
-- parameter: half_term | half_term | this half-term | Half-term
-- chart: bars profile percent_stopped
-- version: 1
SELECT coalesce(h.profile, 'no profile in the log') AS profile, sum(h.requests) AS requests,
       coalesce(sum(h.requests) FILTER (WHERE h.action IN ('blocked', 'warned')), 0) AS stopped,
       CASE WHEN bool_and(h.logs_allowed)
            THEN round(100.0 * coalesce(sum(h.requests) FILTER (WHERE h.action IN ('blocked', 'warned')), 0) / nullif(sum(h.requests), 0), 2) END AS percent_stopped
FROM decided_days h
WHERE h.school_id = $school AND h.event_date BETWEEN $half_term_from AND $half_term_to
GROUP BY coalesce(h.profile, 'no profile in the log')
ORDER BY requests DESC, profile
