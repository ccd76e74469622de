-- id: coverage_days
-- title: Days with logs
-- question: Is the evidence complete?
-- standard: DfE monitoring standard 4
-- unit: percent
-- numerator: past school days on which the source has events
-- denominator: past school days since the source began
-- exclusions: days before the source began
-- audience: governor, dsl, technician
-- version: 1
-- group: visibility
-- cells: school days
-- adds: over half-terms
-- caveat: a day with one row counts as a day
-- means: Of every 100 school days, this many have logs from this source. Nothing can be said about the others.
-- ask: why are days missing, and can they still be had?
WITH logged AS (
    SELECT a.source_id, a.event_date FROM logged_days a WHERE a.school_id = $school
),
began AS (
    SELECT l.source_id, min(l.event_date) AS began FROM logged l GROUP BY l.source_id
)
SELECT d.date AS day, b.source_id AS dimension, CAST(NULL AS VARCHAR) AS part,
       CASE WHEN l.event_date IS NULL THEN 0 ELSE 1 END AS numerator, 1 AS denominator
FROM seen_days d
JOIN began b ON b.began <= d.date
LEFT JOIN logged l ON l.source_id = b.source_id AND l.event_date = d.date
WHERE d.school_id = $school AND d.academic_year = $year AND d.is_past
