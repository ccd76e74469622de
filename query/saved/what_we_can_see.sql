-- id: what_we_can_see
-- title: What do we not see?
-- explanation: For each source and kind of line: requests, and how many of the encrypted ones show more than the site's name. What
--     is not seen can't be monitored.
-- limits: Of what is logged at all. Phones on mobile data and devices at home are in no log.
-- audience: dsl, head, technician
-- parameter: half_term | half_term | this half-term | Half-term
-- chart: none
-- version: 1
SELECT a.source_id AS source, CASE a.kind WHEN 'web' THEN 'pages' WHEN 'dns' THEN 'names asked for' WHEN 'app' THEN 'applications'
            WHEN 'concern' THEN 'device monitor' ELSE a.kind END AS what,
       sum(a.requests) AS requests, sum(a.https) AS encrypted,
       round(100.0 * sum(a.path_visible) / nullif(sum(a.https), 0), 1) AS percent_seen_in_full,
       round(100.0 * sum(a.categorised) / nullif(sum(a.requests), 0), 1) AS percent_with_category
FROM activity_hourly a
WHERE a.school_id = $school AND a.event_date BETWEEN $half_term_from AND $half_term_to AND NOT a.furniture
GROUP BY a.source_id, a.kind
ORDER BY source, what
