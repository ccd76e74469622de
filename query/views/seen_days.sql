-- One row a school day: whether it is past, on or after the school's first day with logs, and has logs itself.
SELECT d.school_id, d.academic_year, d.period_no, d.label, d.start_date, d.end_date, d.week, d.date, d.is_past,
       coalesce(d.is_past AND d.date >= b.began, false) AS is_counted,
       coalesce(d.is_past AND l.event_date IS NOT NULL, false) AS has_logs
FROM school_days d
LEFT JOIN (SELECT a.school_id, min(a.event_date) AS began FROM activity_hourly a GROUP BY a.school_id) b
       ON b.school_id = d.school_id
LEFT JOIN (SELECT DISTINCT a.school_id, a.event_date FROM activity_hourly a) l
       ON l.school_id = d.school_id AND l.event_date = d.date
