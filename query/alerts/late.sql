-- How much of a school's logs of the last days was read within an hour.
SELECT sum(f.numerator) AS events,
       coalesce(sum(f.numerator) FILTER (WHERE f.within_minutes IN ('1', '2', '5', '10', '15', '20', '30', '45', '60')), 0) AS in_time
FROM figure_cells f
WHERE f.school_id = $school AND f.indicator = 'alert_delay' AND f.event_date BETWEEN $from AND $to
