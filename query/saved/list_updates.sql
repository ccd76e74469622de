-- id: list_updates
-- title: Are the filter's lists kept up to date?
-- explanation: The latest update of lists and licences that the filter's log shows, by source, and how many there were.
-- limits: Not every product logs its updates. An update is no proof that the lists of illegal content are switched on: ask the
--     provider, and test.
-- audience: dsl, head, technician
-- parameter: from | date | 83 days ago | First day
-- parameter: to | date | today | Last day
-- chart: none
-- version: 1
SELECT a.source_id AS source, CASE a.operation WHEN 'licence' THEN 'licence' ELSE 'list update' END AS what,
       count(*) AS times, max(a.event_date) AS last_day
FROM admin_events a
WHERE a.school_id = $school AND a.event_date BETWEEN $from AND $to AND a.operation IN ('list_update', 'licence')
GROUP BY a.source_id, a.operation
ORDER BY source, what
