-- Sources that belong to a school or have logs of it, with their first and last day.
SELECT coalesce(s.source_id, a.source_id) AS source_id, coalesce(s.layer, 'filter') AS layer, a.began, a.last_day
FROM (SELECT x.source_id, x.layer FROM sources x WHERE x.school_id = $school) s
FULL OUTER JOIN (
    SELECT y.source_id, min(y.event_date) AS began, max(y.event_date) AS last_day
    FROM logged_days y WHERE y.school_id = $school GROUP BY y.source_id
) a ON a.source_id = s.source_id
ORDER BY 1
