-- Changes that the filter's own log shows, by operation.
SELECT e.operation, min(e.event_date) AS first_day, max(e.event_date) AS last_day, count(*) AS changes
FROM admin_events e
WHERE e.school_id = $school AND e.event_date BETWEEN $from AND $to
  AND e.operation IN ('configuration', 'policy_change', 'unblock', 'filter_down')
GROUP BY e.operation
ORDER BY changes DESC, e.operation
