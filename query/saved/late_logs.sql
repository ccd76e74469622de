-- id: late_logs
-- title: How late do logs arrive?
-- explanation: For each source: how many hours after its last line a file was read. Alerts can be no quicker than this.
-- limits: By file. A whole year read in one go looks late, and is. Sources that serve several schools are not shown here.
-- audience: dsl, technician
-- parameter: from | date | 27 days ago | First day
-- parameter: to | date | today | Last day
-- chart: none
-- version: 1
SELECT r.source_id AS source, count(*) AS files, sum(r.lines) AS lines,
       round(median(CAST(date_part('epoch', r.received_at) - date_part('epoch', r.last_event_time) AS DOUBLE)) / 3600.0, 1) AS median_hours_late,
       max(r.last_event_time) AS last_line_utc
FROM receipts r
WHERE r.school_id = $school AND r.event_date BETWEEN $from AND $to AND r.last_event_time IS NOT NULL
GROUP BY r.source_id
ORDER BY source
