-- One row a school day, numbered over all years of a school: whether it is past, on or after the school's first day with logs,
-- and has logs itself.
SELECT d.school_id, d.academic_year, h.number AS period_no, d.half_term AS label, d.half_term_start AS start_date,
       d.half_term_end AS end_date, d.week_monday AS week, d.date,
       row_number() OVER (PARTITION BY d.school_id ORDER BY d.date) AS day_no,
       d.date < t.today AS is_past,
       coalesce(d.date < t.today AND d.date >= b.began, false) AS is_counted,
       coalesce(d.date < t.today AND l.event_date IS NOT NULL, false) AS has_logs
FROM school_days d
JOIN half_terms h ON h.school_id = d.school_id AND h.half_term_start = d.half_term_start
CROSS JOIN clock t
LEFT JOIN (SELECT a.school_id, min(a.event_date) AS began FROM logged_days a GROUP BY a.school_id) b
       ON b.school_id = d.school_id
LEFT JOIN (SELECT DISTINCT a.school_id, a.event_date FROM logged_days a) l
       ON l.school_id = d.school_id AND l.event_date = d.date
