-- id: alert_delay
-- title: Time from an event to its reading
-- version: 1
-- reads: `stale_events`; receipts
-- gives: dimension `within_minutes`, the upper bound of a step, or `more` beyond 31 days; numerator: events in that step; denominator:
--        the source's events that day
-- note: steps instead of a median, because medians of days don't add up to the median of a half-term. One step ends at an hour, beyond
--       which a page says that alerts are late. A file that was read again to mend its quarantine counts from its first reading.
WITH received AS (
    SELECT r.file_id, min(r.received_at) AS received_at FROM receipts r GROUP BY r.file_id
),
delayed AS (
    SELECT e.event_date, e.school_id, e.source_id,
           (CAST(r.received_at AS BIGINT) - CAST(e.event_time AS BIGINT)) / 60000000.0 AS minutes
    FROM stale_events e
    JOIN received r ON r.file_id = e.file_id
    WHERE e.kind <> 'flow'
),
stepped AS (
    SELECT d.event_date, d.school_id, d.source_id,
           CASE WHEN d.minutes <= 1 THEN '1' WHEN d.minutes <= 2 THEN '2' WHEN d.minutes <= 5 THEN '5' WHEN d.minutes <= 10 THEN '10'
                WHEN d.minutes <= 15 THEN '15' WHEN d.minutes <= 20 THEN '20' WHEN d.minutes <= 30 THEN '30'
                WHEN d.minutes <= 45 THEN '45' WHEN d.minutes <= 60 THEN '60' WHEN d.minutes <= 90 THEN '90'
                WHEN d.minutes <= 120 THEN '120' WHEN d.minutes <= 180 THEN '180' WHEN d.minutes <= 240 THEN '240'
                WHEN d.minutes <= 360 THEN '360' WHEN d.minutes <= 480 THEN '480' WHEN d.minutes <= 720 THEN '720'
                WHEN d.minutes <= 1080 THEN '1080' WHEN d.minutes <= 1440 THEN '1440' WHEN d.minutes <= 2160 THEN '2160'
                WHEN d.minutes <= 2880 THEN '2880' WHEN d.minutes <= 4320 THEN '4320' WHEN d.minutes <= 10080 THEN '10080'
                WHEN d.minutes <= 20160 THEN '20160' WHEN d.minutes <= 44640 THEN '44640' ELSE 'more' END AS within_minutes
    FROM delayed d
)
SELECT s.event_date, s.school_id, s.source_id, s.within_minutes,
       count(*) AS numerator,
       sum(count(*)) OVER (PARTITION BY s.event_date, s.school_id, s.source_id) AS denominator
FROM stepped s
GROUP BY s.event_date, s.school_id, s.source_id, s.within_minutes
