-- The first day that lines read since a lake version tell of, and the version read up to.
SELECT min(CAST(r.first_event_time AS DATE)) AS first_day, max(r.lake_version) AS newest
FROM receipts r
WHERE r.lake_version > $seen AND r.first_event_time IS NOT NULL
