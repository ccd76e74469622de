-- School days without a row of a source, since its first row; and sources of the school that never sent one (no day).
WITH began AS (
    SELECT a.source_id, min(a.event_date) AS began FROM logged_days a WHERE a.school_id = $school GROUP BY a.source_id
),
logged AS (
    SELECT a.source_id, a.event_date FROM logged_days a WHERE a.school_id = $school
)
SELECT b.source_id, d.date, d.day_no
FROM seen_days d
JOIN began b ON b.began <= d.date
LEFT JOIN logged l ON l.source_id = b.source_id AND l.event_date = d.date
WHERE d.school_id = $school AND d.is_past AND d.date BETWEEN $from AND $to AND l.event_date IS NULL
ORDER BY b.source_id, d.date
