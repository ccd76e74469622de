-- id: administrators
-- title: Who changes or signs in to the filter?
-- explanation: Each administrator that the filter's log names, by key, with sign-ins and changes. Someone who left, or nobody knows,
--     is a finding.
-- limits: Names are keys here: the head reveals one with a second person. Not every product logs sign-ins.
-- audience: head, technician
-- parameter: from | date | 83 days ago | First day
-- parameter: to | date | today | Last day
-- chart: none
-- version: 1
SELECT coalesce(a.actor_key, 'not named in the log') AS administrator, a.source_id AS source,
       count(*) FILTER (WHERE a.operation = 'sign_in') AS sign_ins,
       count(*) FILTER (WHERE a.operation IN ('policy_change', 'configuration', 'unblock')) AS changes,
       min(a.event_date) AS first_day, max(a.event_date) AS last_day
FROM admin_events a
WHERE a.school_id = $school AND a.event_date BETWEEN $from AND $to AND a.operation NOT IN ('list_update', 'licence', 'filter_up', 'filter_down')
GROUP BY coalesce(a.actor_key, 'not named in the log'), a.source_id
ORDER BY changes DESC, sign_ins DESC, administrator, source
