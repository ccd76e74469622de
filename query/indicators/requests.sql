-- id: requests
-- title: Requests seen
-- question: How much use of the internet do we see?
-- standard: DfE filtering and monitoring standard 3
-- unit: per pupil a day
-- numerator: decisions on school days
-- denominator: pupils on roll x school days with logs
-- exclusions: background traffic; days outside term
-- audience: governor, dsl, technician
-- version: 1
-- group: visibility
-- cells: school days
-- adds: over half-terms
-- by: profile, user_type, year_group
-- caveat: volume is not risk
-- means: How many pages and other requests we saw, shared out over the pupils on roll. A sudden fall often means that logs are missing.
-- ask: has anything changed in how pupils use devices?
WITH parts AS (
    SELECT DISTINCT {by} AS part FROM decided_days h WHERE h.school_id = $school
),
counted AS (
    SELECT h.event_date, {by} AS part, sum(h.requests) AS requests FROM decided_days h WHERE h.school_id = $school GROUP BY 1, 2
)
SELECT d.date AS day, CAST(NULL AS VARCHAR) AS dimension, p.part, coalesce(c.requests, 0) AS numerator, r.pupils AS denominator
FROM seen_days d
CROSS JOIN parts p
LEFT JOIN counted c ON c.event_date = d.date AND c.part IS NOT DISTINCT FROM p.part
LEFT JOIN year_groups r ON r.school_id = d.school_id AND r.academic_year = d.academic_year AND r.year_group = {roll}
WHERE d.school_id = $school AND d.academic_year = $year AND d.has_logs
