-- id: over_blocking
-- title: Is the filter stopping what our policy allows?
-- explanation: By category: requests that were stopped although the policy on file allows them, and their share. Teaching should not
--     be harmed by the filter.
-- limits: Only as good as the policy on file. A site in the wrong category is not seen here: look at the lesson sites too.
-- audience: dsl, head, technician
-- parameter: from | date | 83 days ago | First day
-- parameter: to | date | today | Last day
-- chart: bars about stopped
-- version: 1
SELECT coalesce(c.title, j.category) AS about,
       coalesce(sum(j.requests) FILTER (WHERE j.action IN ('blocked', 'warned')), 0) AS stopped, sum(j.requests) AS requests,
       round(100.0 * coalesce(sum(j.requests) FILTER (WHERE j.action IN ('blocked', 'warned')), 0) / nullif(sum(j.requests), 0), 1) AS percent_stopped,
       min(j.event_date) FILTER (WHERE j.action IN ('blocked', 'warned')) AS first_day,
       max(j.event_date) FILTER (WHERE j.action IN ('blocked', 'warned')) AS last_day
FROM judged_days j
LEFT JOIN categories c ON c.category = j.category
WHERE j.school_id = $school AND j.event_date BETWEEN $from AND $to AND j.expected = 'allow' AND j.user_type = 'pupil'
GROUP BY j.category, c.title
HAVING coalesce(sum(j.requests) FILTER (WHERE j.action IN ('blocked', 'warned')), 0) > 0
ORDER BY stopped DESC, about
