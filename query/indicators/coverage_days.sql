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
-- caveat: a day with one row counts as a day
-- means: Of every 100 school days, this many have logs from this source. Nothing can be said about the others.
-- ask: why are days missing, and can they still be had?
WITH began AS (
    SELECT a.source_id, min(a.event_date) AS began FROM logged_days a WHERE a.school_id = $school GROUP BY a.source_id
),
logged AS (
    SELECT a.source_id, a.event_date FROM logged_days a WHERE a.school_id = $school
),
days AS (
    SELECT d.period_no, b.source_id, count(*) AS past, count(l.event_date) AS logged
    FROM seen_days d
    JOIN began b ON b.began <= d.date
    LEFT JOIN logged l ON l.source_id = b.source_id AND l.event_date = d.date
    WHERE d.school_id = $school AND d.academic_year = $year AND d.is_past
    GROUP BY d.period_no, b.source_id
)
SELECT p.school_id, p.academic_year, p.period_no, p.label, p.start_date, p.end_date, p.school_days, p.past_days, p.counted_days,
       p.logged_days, p.pupils,
       s.source_id AS dimension, CAST(s.logged AS DOUBLE) AS numerator, CAST(s.past AS DOUBLE) AS denominator,
       100.0 * s.logged / nullif(s.past, 0) AS value
FROM periods p
LEFT JOIN days s ON s.period_no = p.period_no
WHERE p.school_id = $school AND p.academic_year = $year
ORDER BY s.source_id, p.period_no
