-- id: silent_hours
-- title: Silent hours
-- question: Did the logs fall silent during lessons?
-- standard: DfE monitoring standard 4
-- unit: percent
-- numerator: expected source-hours without any event
-- denominator: expected source-hours: school hours in which the source usually has 20 rows or more, by the median of its last 20 school days with logs
-- exclusions: hours that are usually quiet; a source's first days
-- audience: governor, dsl, technician
-- version: 1
-- group: visibility
-- cells: school days
-- adds: over half-terms
-- caveat: trips and exams are quiet too
-- means: Of every 100 lesson hours in which this source usually logs, this many have nothing at all. A switched-off or bypassed filter looks like this.
-- ask: was the filter down, and who noticed?
WITH school_hours AS (
    SELECT CAST(left(s.hours_from, 2) AS INT) AS first_hour, CAST(left(s.hours_to, 2) AS INT) AS end_hour
    FROM schools s WHERE s.school_id = $school
),
days AS (
    SELECT d.date, d.day_no, d.academic_year, d.is_past FROM seen_days d WHERE d.school_id = $school
),
hours AS (
    SELECT a.source_id, d.day_no, a.hour, sum(a.requests) AS n
    FROM activity_hourly a
    JOIN days d ON d.date = a.event_date
    CROSS JOIN school_hours o
    WHERE a.school_id = $school AND a.hour >= o.first_hour AND a.hour < o.end_hour
    GROUP BY a.source_id, d.day_no, a.hour
),
logged AS (
    SELECT DISTINCT h.source_id, h.day_no FROM hours h
),
asked AS (
    SELECT s.source_id, s.hour, d.day_no, d.date
    FROM (SELECT DISTINCT h.source_id, h.hour FROM hours h) s
    CROSS JOIN days d
    WHERE d.academic_year = $year AND d.is_past
),
usual AS (
    SELECT a.source_id, a.date, a.day_no, a.hour, median(CAST(coalesce(h.n, 0) AS DOUBLE)) AS usual
    FROM asked a
    JOIN logged l ON l.source_id = a.source_id AND l.day_no BETWEEN a.day_no - 20 AND a.day_no - 1
    LEFT JOIN hours h ON h.source_id = a.source_id AND h.day_no = l.day_no AND h.hour = a.hour
    GROUP BY a.source_id, a.date, a.day_no, a.hour
)
SELECT u.date AS day, u.source_id AS dimension, CAST(NULL AS VARCHAR) AS part,
       count(*) FILTER (WHERE h.n IS NULL) AS numerator, count(*) AS denominator
FROM usual u
LEFT JOIN hours h ON h.source_id = u.source_id AND h.day_no = u.day_no AND h.hour = u.hour
WHERE u.usual >= 20
GROUP BY u.date, u.source_id
