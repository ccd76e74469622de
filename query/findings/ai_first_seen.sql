-- First day on which AI tools were asked for at all, and the requests since, by category; nothing if the logs began that day.
SELECT a.category, min(a.event_date) AS first_day, max(a.event_date) AS last_day,
       CAST(sum(a.requests) AS BIGINT) AS requests,
       coalesce(CAST(sum(a.requests) FILTER (WHERE a.action IN ('allowed', 'overridden')) AS BIGINT), 0) AS allowed
FROM decided_days a
WHERE a.school_id = $school AND a.category IN ('ai_assistant', 'ai_companion', 'ai_undress')
GROUP BY a.category
HAVING min(a.event_date) BETWEEN $from AND $to
   AND min(a.event_date) > (SELECT min(b.event_date) FROM logged_days b WHERE b.school_id = $school)
ORDER BY first_day, a.category
