-- Past school days of a year since the first logs, and those with logs, of every school with term dates.
SELECT d.school_id,
       count(*) FILTER (WHERE d.is_counted) AS counted_days,
       count(*) FILTER (WHERE d.has_logs) AS logged_days
FROM seen_days d
WHERE d.academic_year = $year
GROUP BY d.school_id
ORDER BY d.school_id
