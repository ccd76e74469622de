-- id: let_through
-- title: What was let through although our policy says block?
-- explanation: Sites that were opened although the policy on file says block, for pupils. A change of the filter, or a site in the
--     wrong category, looks like this.
-- limits: Only as good as the policy on file and the filter's categories: check the sites. Sites listed as illegal are counted, not
--     named.
-- audience: dsl, head, technician
-- parameter: from | date | 27 days ago | First day
-- parameter: to | date | today | Last day
-- chart: bars site let_through
-- most_days: 62
-- version: 1
WITH kinds AS (
    SELECT DISTINCT j.event_date, coalesce(j.profile, '') AS profile, j.user_type, j.category
    FROM judged_days j
    WHERE j.school_id = $school AND j.event_date BETWEEN $from AND $to AND j.expected = 'block' AND j.user_type = 'pupil'
)
SELECT coalesce(d.host, 'not in the log') AS site, coalesce(max(c.title), d.category) AS about, count(*) AS let_through,
       count(DISTINCT d.user_key) AS pupils, min(d.event_date) AS first_day, max(d.event_date) AS last_day
FROM decisions d
JOIN kinds k ON k.event_date = d.event_date AND k.profile = coalesce(d.profile, '') AND k.user_type = d.user_type AND k.category = d.category
LEFT JOIN categories c ON c.category = d.category
WHERE d.school_id = $school AND d.event_date BETWEEN $from AND $to AND d.action = 'allowed' AND d.user_type = 'pupil'
GROUP BY d.host, d.category
ORDER BY let_through DESC, site, about
