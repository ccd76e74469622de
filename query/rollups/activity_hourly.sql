-- id: activity_hourly
-- title: Requests a source and hour
-- version: 1
-- reads: `stale_events`
-- gives: one row a date, hour, source and kind of request
-- note: firewall sessions without a host (`flow`) are no decisions, and a day or hour with nothing else has no logs
-- note: furniture is as the line alone says; typing runs and repeats are collapsed in pupil_days only
SELECT e.event_date, e.school_id, e.source_id, e.profile, e.user_type, e.year_group,
       CAST(date_part('hour', arrow_cast(e.event_time, 'Timestamp(Microsecond, Some("{zone}"))')) AS INT) AS hour,
       e.kind, e.action, e.category, e.furniture,
       count(*) AS requests,
       count(*) FILTER (WHERE e.user_key IS NOT NULL AND e.user_type NOT IN ('shared', 'device')) AS identified,
       count(*) FILTER (WHERE e.scheme = 'https') AS https,
       count(*) FILTER (WHERE e.scheme = 'https' AND e.tls_inspected) AS path_visible,
       count(*) FILTER (WHERE e.category IS NOT NULL AND e.category <> 'uncategorised') AS categorised,
       CAST(sum(coalesce(e.bytes_in, 0) + coalesce(e.bytes_out, 0)) AS BIGINT) AS bytes
FROM stale_events e
WHERE e.kind <> 'flow'
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
