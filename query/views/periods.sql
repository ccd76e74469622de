-- One row a school and half-term: its school days, those past, those since the first logs, those with logs; pupils on roll that year.
SELECT d.school_id, d.academic_year, d.period_no, d.label, d.start_date, d.end_date,
       count(*) AS school_days,
       count(*) FILTER (WHERE d.is_past) AS past_days,
       count(*) FILTER (WHERE d.is_counted) AS counted_days,
       count(*) FILTER (WHERE d.has_logs) AS logged_days,
       max(r.pupils) AS pupils
FROM seen_days d
LEFT JOIN pupils r ON r.school_id = d.school_id AND r.academic_year = d.academic_year
GROUP BY d.school_id, d.academic_year, d.period_no, d.label, d.start_date, d.end_date
