-- id: went_past_a_block
-- title: Who may go past a block, and where to?
-- explanation: Requests where someone went past a block or a warning, by site and profile. Each should have a reason that the
--     safeguarding lead agreed.
-- limits: Some filters log no such step. Staff are here too: going past a block for a lesson is theirs to do.
-- audience: dsl, head, technician
-- parameter: from | date | 27 days ago | First day
-- parameter: to | date | today | Last day
-- chart: none
-- most_days: 62
-- version: 1
SELECT coalesce(d.host, 'not in the log') AS site, coalesce(max(c.title), '') AS about, coalesce(d.profile, '') AS profile,
       CASE d.user_type WHEN 'pupil' THEN 'pupils' WHEN 'staff' THEN 'staff' ELSE 'others' END AS who,
       count(*) AS times, count(DISTINCT d.user_key) AS people, min(d.event_date) AS first_day, max(d.event_date) AS last_day
FROM decisions d
LEFT JOIN categories c ON c.category = d.category
WHERE d.school_id = $school AND d.event_date BETWEEN $from AND $to AND d.action = 'overridden'
GROUP BY d.host, d.profile, CASE d.user_type WHEN 'pupil' THEN 'pupils' WHEN 'staff' THEN 'staff' ELSE 'others' END
ORDER BY times DESC, site, profile, who
