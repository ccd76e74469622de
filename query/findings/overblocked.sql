-- Stopped although policy says allow, by category: at least 20 requests, and at least 1 in 100.
SELECT o.category, o.first_day, o.last_day, o.stopped, 100.0 * o.stopped / o.requests AS percent
FROM (
    SELECT j.category,
           min(j.event_date) FILTER (WHERE j.action IN ('blocked', 'warned')) AS first_day,
           max(j.event_date) FILTER (WHERE j.action IN ('blocked', 'warned')) AS last_day,
           coalesce(CAST(sum(j.requests) FILTER (WHERE j.action IN ('blocked', 'warned')) AS BIGINT), 0) AS stopped,
           CAST(sum(j.requests) AS BIGINT) AS requests
    FROM judged_days j
    WHERE j.school_id = $school AND j.event_date BETWEEN $from AND $to AND j.expected = 'allow'
    GROUP BY j.category
) o
WHERE o.stopped >= 20 AND o.stopped * 100 >= o.requests
ORDER BY percent DESC, o.category
