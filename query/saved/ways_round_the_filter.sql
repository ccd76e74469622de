-- id: ways_round_the_filter
-- title: Can pupils get round the filter?
-- explanation: Sites of VPNs, proxies and remote access that pupils asked for: how often they were stopped and how often let
--     through.
-- limits: What wholly escapes the filter is not logged. A lesson on networks looks the same.
-- audience: dsl, head, technician
-- parameter: from | date | 27 days ago | First day
-- parameter: to | date | today | Last day
-- chart: bars site requests
-- most_days: 62
-- version: 1
SELECT coalesce(d.domain, d.host, 'not in the log') AS site, coalesce(max(c.title), '') AS listed_as, count(*) AS requests,
       count(*) FILTER (WHERE d.action IN ('blocked', 'warned')) AS stopped,
       count(*) FILTER (WHERE d.action IN ('allowed', 'overridden')) AS let_through,
       count(DISTINCT d.user_key) AS pupils, min(d.event_date) AS first_day, max(d.event_date) AS last_day
FROM decisions d
LEFT JOIN categories c ON c.category = d.category
WHERE d.school_id = $school AND d.event_date BETWEEN $from AND $to AND d.user_type = 'pupil'
  AND d.category IN ('circumvention', 'encrypted_dns', 'remote_access')
GROUP BY coalesce(d.domain, d.host, 'not in the log')
ORDER BY requests DESC, site
