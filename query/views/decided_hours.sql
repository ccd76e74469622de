-- activity_hourly, decisions only, one layer a school and day (see decisions.sql), with the layer and whether allowed requests are logged.
WITH ranked AS (
    SELECT a.*,
           coalesce(s.logs_allowed, true) AS logs_allowed,
           CASE WHEN a.kind = 'web' AND coalesce(s.layer, 'filter') = 'filter' THEN 1
                WHEN a.kind = 'web' AND s.layer = 'firewall' THEN 2
                WHEN a.kind = 'dns' AND coalesce(s.layer, 'filter') <> 'monitor' THEN 3 END AS layer_rank
    FROM activity_hourly a
    LEFT JOIN sources s ON s.source_id = a.source_id AND s.school_id = a.school_id
    WHERE a.furniture = false AND a.kind IN ('web', 'dns')
),
first AS (
    SELECT ranked.school_id, ranked.event_date, min(ranked.layer_rank) AS layer_rank
    FROM ranked
    GROUP BY ranked.school_id, ranked.event_date
)
SELECT r.event_date, r.school_id, r.source_id, r.profile, r.user_type, r.year_group, r.hour, r.kind, r.action, r.category,
       r.requests, r.identified, r.https, r.path_visible, r.categorised, r.bytes, r.logs_allowed,
       CASE r.layer_rank WHEN 1 THEN 'filter' WHEN 2 THEN 'firewall' ELSE 'dns' END AS layer
FROM ranked r
JOIN first f ON f.school_id = r.school_id AND f.event_date = r.event_date AND f.layer_rank = r.layer_rank
