-- id: top_sites_stopped
-- title: Which sites were stopped most?
-- explanation: The sites that pupils were stopped from most often, with how many pupils. A few sites often make most of the number.
-- limits: Requests stopped, not attempts: one page can ask a blocked site many times. Sites listed as illegal are not named.
-- audience: dsl, head, technician
-- parameter: from | date | 6 days ago | First day
-- parameter: to | date | today | Last day
-- chart: bars site stopped
-- most_days: 31
-- version: 1
SELECT coalesce(d.domain, d.host, 'not in the log') AS site, coalesce(max(c.title), '') AS listed_as, count(*) AS stopped,
       count(DISTINCT d.user_key) AS pupils
FROM decisions d
LEFT JOIN categories c ON c.category = d.category
WHERE d.school_id = $school AND d.event_date BETWEEN $from AND $to AND d.user_type = 'pupil' AND d.action IN ('blocked', 'warned')
GROUP BY coalesce(d.domain, d.host, 'not in the log')
ORDER BY stopped DESC, site
LIMIT 25
