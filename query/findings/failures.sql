-- Let through although policy says block, or in a category that every policy blocks, by category.
SELECT f.category, min(f.event_date) AS first_day, max(f.event_date) AS last_day, CAST(sum(f.requests) AS BIGINT) AS requests
FROM (
    SELECT j.category, j.event_date, j.requests
    FROM judged_days j
    WHERE j.school_id = $school AND j.event_date BETWEEN $from AND $to AND j.action = 'allowed' AND j.expected = 'block'
      AND j.category NOT IN ('csam', 'terrorism', 'illegal_other', 'ai_undress')
    UNION ALL
    SELECT h.category, h.event_date, h.requests
    FROM decided_days h
    WHERE h.school_id = $school AND h.event_date BETWEEN $from AND $to AND h.action = 'allowed'
      AND h.category IN ('csam', 'terrorism', 'illegal_other', 'ai_undress')
) f
GROUP BY f.category
ORDER BY requests DESC, f.category
