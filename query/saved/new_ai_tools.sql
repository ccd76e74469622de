-- id: new_ai_tools
-- title: Which AI tools are new here?
-- explanation: AI tools whose sites were first asked for in the time given, and not in the six weeks before, with who was let
--     through. A new tool asks for a risk assessment.
-- limits: What was asked of a tool can't be seen. Tools inside other products are missing.
-- audience: dsl, head, technician
-- parameter: from | date | 41 days ago | First day
-- parameter: to | date | today | Last day
-- chart: none
-- most_days: 62
-- version: 1
WITH seen AS (
    SELECT coalesce(d.domain, d.host) AS tool, d.event_date, d.action, d.user_type, d.category
    FROM decisions d
    WHERE d.school_id = $school AND d.event_date BETWEEN $from - INTERVAL '42 days' AND $to
      AND d.category IN ('ai_assistant', 'ai_companion', 'ai_undress')
)
SELECT s.tool, coalesce(max(c.title), '') AS about, min(s.event_date) AS first_day, count(*) AS requests,
       count(*) FILTER (WHERE s.user_type = 'pupil' AND s.action IN ('allowed', 'overridden')) AS let_through_pupils,
       count(*) FILTER (WHERE s.user_type = 'pupil' AND s.action IN ('blocked', 'warned')) AS stopped_pupils,
       count(*) FILTER (WHERE s.user_type = 'staff' AND s.action IN ('allowed', 'overridden')) AS let_through_staff,
       count(*) FILTER (WHERE s.user_type = 'staff' AND s.action IN ('blocked', 'warned')) AS stopped_staff
FROM seen s
LEFT JOIN categories c ON c.category = s.category
GROUP BY s.tool
HAVING min(s.event_date) >= $from
ORDER BY first_day, tool
