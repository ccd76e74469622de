-- id: unmapped_categories
-- title: Which of the filter's categories are not known?
-- explanation: Words that the filter uses for categories and that no map of Weir knows, with how often. Their requests count, but in
--     no theme.
-- limits: A school's own categories are here too: add them to a map.
-- audience: technician, dsl
-- parameter: from | date | 6 days ago | First day
-- parameter: to | date | today | Last day
-- chart: bars filter_says requests
-- most_days: 31
-- version: 1
SELECT e.vendor_category AS filter_says, e.source_id AS source, count(*) AS requests,
       count(*) FILTER (WHERE e.action IN ('blocked', 'warned')) AS stopped
FROM events e
WHERE e.school_id = $school AND e.event_date BETWEEN $from AND $to AND e.category IS NULL AND e.vendor_category IS NOT NULL
GROUP BY e.vendor_category, e.source_id
ORDER BY requests DESC, filter_says, source
LIMIT 100
