-- id: stopped_by_category
-- title: What is the filter stopping?
-- explanation: Requests that pupils were stopped from, by category, and the share of that category that was stopped.
-- limits: Of what we could read: a filter that logs only what it stops has no share.
-- audience: dsl, head, technician
-- parameter: from | date | 27 days ago | First day
-- parameter: to | date | today | Last day
-- chart: bars about stopped
-- version: 1
SELECT coalesce(c.title, h.category, 'no category') AS about,
       sum(h.requests) FILTER (WHERE h.action IN ('blocked', 'warned')) AS stopped,
       CASE WHEN bool_and(h.logs_allowed)
            THEN round(100.0 * sum(h.requests) FILTER (WHERE h.action IN ('blocked', 'warned')) / nullif(sum(h.requests), 0), 1) END AS percent_stopped
FROM decided_days h
LEFT JOIN categories c ON c.category = h.category
WHERE h.school_id = $school AND h.event_date BETWEEN $from AND $to AND h.user_type = 'pupil'
GROUP BY h.category, c.title
HAVING sum(h.requests) FILTER (WHERE h.action IN ('blocked', 'warned')) > 0
ORDER BY stopped DESC, about
