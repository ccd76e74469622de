-- id: silent_days
-- title: On which school days did a filter send nothing?
-- explanation: School days without a single line from a source, since its first line. A filter that is switched off or bypassed
--     looks like this, and so does a log that was not sent.
-- limits: A day with one line counts as a day with logs.
-- audience: dsl, head, technician
-- parameter: from | date | 83 days ago | First day
-- parameter: to | date | today | Last day
-- chart: none
-- version: 1
WITH began AS (
    SELECT a.source_id, min(a.event_date) AS began FROM logged_days a WHERE a.school_id = $school GROUP BY a.source_id
),
logged AS (
    SELECT a.source_id, a.event_date FROM logged_days a WHERE a.school_id = $school
)
SELECT b.source_id AS source, d.date AS day, to_char(d.date, '%A') AS weekday
FROM seen_days d
JOIN began b ON b.began <= d.date
LEFT JOIN logged l ON l.source_id = b.source_id AND l.event_date = d.date
WHERE d.school_id = $school AND d.is_past AND d.date BETWEEN $from AND $to AND l.event_date IS NULL
ORDER BY source, day
