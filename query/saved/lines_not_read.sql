-- id: lines_not_read
-- title: Which lines could not be read?
-- explanation: Lines of the logs that should have been a request and could not be read, by source, format and reason. They are kept,
--     not lost.
-- limits: A new version of the filter's software often shows here first.
-- audience: technician, dsl
-- parameter: from | date | 83 days ago | First day
-- parameter: to | date | today | Last day
-- chart: none
-- version: 1
SELECT q.source_id AS source, q.format_id AS format, q.reason, count(*) AS lines, max(q.event_date) AS last_day
FROM quarantine q
WHERE q.school_id = $school AND q.event_date BETWEEN $from AND $to
GROUP BY q.source_id, q.format_id, q.reason
ORDER BY lines DESC, source, format, reason
