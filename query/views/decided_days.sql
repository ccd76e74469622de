-- decided_hours by day: what most figures need, in a fraction of the rows.
SELECT h.event_date, h.school_id, h.source_id, h.profile, h.user_type, h.year_group, h.action, h.category, h.logs_allowed, h.layer,
       CAST(sum(h.requests) AS BIGINT) AS requests, CAST(sum(h.identified) AS BIGINT) AS identified,
       CAST(sum(h.https) AS BIGINT) AS https, CAST(sum(h.path_visible) AS BIGINT) AS path_visible,
       CAST(sum(h.categorised) AS BIGINT) AS categorised
FROM decided_hours h
GROUP BY h.event_date, h.school_id, h.source_id, h.profile, h.user_type, h.year_group, h.action, h.category, h.logs_allowed, h.layer
