-- One row a school week with a school day, as `periods` has one a half-term. What happens at a weekend or in a holiday counts, where it
-- counts, with the school week before: from `week` to the day before `until`.
SELECT d.school_id, d.academic_year, min(d.period_no) AS period_no, first_value(d.label ORDER BY d.date) AS label,
       d.week, lead(d.week, 1, DATE '9999-12-31') OVER (PARTITION BY d.school_id ORDER BY d.week) AS until,
       min(d.date) AS start_date, max(d.date) AS end_date,
       count(*) AS school_days,
       count(*) FILTER (WHERE d.is_past) AS past_days,
       count(*) FILTER (WHERE d.is_counted) AS counted_days,
       count(*) FILTER (WHERE d.has_logs) AS logged_days,
       max(r.pupils) AS pupils
FROM seen_days d
LEFT JOIN pupils r ON r.school_id = d.school_id AND r.academic_year = d.academic_year
GROUP BY d.school_id, d.academic_year, d.week
