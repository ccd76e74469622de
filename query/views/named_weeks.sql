-- term_weeks with logs whose people are still known for the whole half-term.
SELECT w.school_id, w.academic_year, w.period_no, w.week, w.logged_days, w.pupils
FROM term_weeks w
LEFT JOIN forgotten_periods f ON f.school_id = w.school_id AND f.academic_year = w.academic_year AND f.period_no = w.period_no
WHERE w.logged_days > 0 AND f.period_no IS NULL
