-- id: filter_changes
-- title: Which changes of the filter does its log show?
-- explanation: Changes of policy, unblocked sites and stops of the filter, as the filter's own log shows them. Set each against the
--     change record: who asked, who approved, and was it someone other than who made it?
-- limits: Not every product logs its changes. A change that stands in no record is a finding; this list can't see the records.
-- audience: dsl, head, technician
-- parameter: from | date | 83 days ago | First day
-- parameter: to | date | today | Last day
-- chart: none
-- version: 1
SELECT to_char(a.event_time, '%Y-%m-%d %H:%M') AS time_utc,
       CASE a.operation WHEN 'policy_change' THEN 'policy changed' WHEN 'unblock' THEN 'site unblocked' WHEN 'filter_down' THEN 'filter stopped'
                        WHEN 'filter_up' THEN 'filter started' ELSE 'configuration changed' END AS what,
       coalesce(a.object, '') AS of_what, coalesce(a.detail, '') AS detail, coalesce(a.actor_key, '') AS made_by, a.source_id AS source
FROM admin_events a
WHERE a.school_id = $school AND a.event_date BETWEEN $from AND $to
  AND a.operation IN ('policy_change', 'configuration', 'unblock', 'filter_down', 'filter_up')
ORDER BY time_utc DESC, of_what, detail
