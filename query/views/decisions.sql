-- One row a decision: of the layers that logged a school's day, the first of filter, firewall and dns, so that a request logged by
-- two boxes counts once. Names asked of a DNS filter count only where nothing logged a web request that day.
WITH ranked AS (
    SELECT e.*,
           CASE WHEN e.kind = 'web' AND coalesce(s.layer, 'filter') = 'filter' THEN 1
                WHEN e.kind = 'web' AND s.layer = 'firewall' THEN 2
                WHEN e.kind = 'dns' AND coalesce(s.layer, 'filter') <> 'monitor' THEN 3 END AS layer_rank
    FROM events e
    LEFT JOIN sources s ON s.source_id = e.source_id AND s.school_id = e.school_id
    WHERE e.furniture = false AND e.kind IN ('web', 'dns')
),
first AS (
    SELECT ranked.school_id, ranked.event_date, min(ranked.layer_rank) AS layer_rank
    FROM ranked
    GROUP BY ranked.school_id, ranked.event_date
)
SELECT {columns}
FROM ranked r
JOIN first f ON f.school_id = r.school_id AND f.event_date = r.event_date AND f.layer_rank = r.layer_rank
