-- The first day that lines read since a lake version tell of.
SELECT min(CAST(r.first_event_time AS DATE)) AS first_day
FROM receipts r
WHERE r.lake_version > $seen AND r.first_event_time IS NOT NULL
