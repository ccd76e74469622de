-- id: policy_and_practice
-- title: What is blocked, for whom, and does the filter do it?
-- explanation: For each category and profile that the policy speaks of: what it expects, and what the filter did with pupils'
--     requests.
-- limits: Only as good as the policy on file. Categories nobody asked for in this time are missing.
-- audience: dsl, head, technician
-- parameter: half_term | half_term | this half-term | Half-term
-- chart: none
-- version: 1
SELECT coalesce(c.title, j.category) AS about, coalesce(j.profile, '') AS profile, j.expected AS policy_says, sum(j.requests) AS requests,
       round(100.0 * coalesce(sum(j.requests) FILTER (WHERE j.action IN ('blocked', 'warned')), 0) / nullif(sum(j.requests), 0), 1) AS percent_stopped
FROM judged_days j
LEFT JOIN categories c ON c.category = j.category
WHERE j.school_id = $school AND j.event_date BETWEEN $half_term_from AND $half_term_to AND j.user_type = 'pupil'
GROUP BY j.category, c.title, j.profile, j.expected
ORDER BY about, profile, policy_says
