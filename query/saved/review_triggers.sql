-- id: review_triggers
-- title: Has anything happened that asks for a review?
-- explanation: What the standards name as a reason to review filtering before the year is over, as far as logs show it: the filter's
--     policy changed, it stopped, or AI tools of a kind not seen before.
-- limits: Logs show only some reasons. A safeguarding risk, a new way of working or new technology is for people to record.
-- audience: dsl, head
-- parameter: from | date | 365 days ago | First day
-- parameter: to | date | today | Last day
-- chart: none
-- version: 1
SELECT x.day, x.what, x.how_many FROM (
    SELECT a.event_date AS day, CASE a.operation WHEN 'filter_down' THEN 'the filter stopped' WHEN 'unblock' THEN 'a site was unblocked'
               ELSE 'the filter''s policy or configuration changed' END AS what, count(*) AS how_many
    FROM admin_events a
    WHERE a.school_id = $school AND a.event_date BETWEEN $from AND $to
      AND a.operation IN ('policy_change', 'configuration', 'unblock', 'filter_down')
    GROUP BY a.event_date, CASE a.operation WHEN 'filter_down' THEN 'the filter stopped' WHEN 'unblock' THEN 'a site was unblocked'
               ELSE 'the filter''s policy or configuration changed' END
    UNION ALL
    SELECT min(h.event_date) AS day, concat(coalesce(max(c.title), h.category), ' first seen') AS what, sum(h.requests) AS how_many
    FROM decided_days h
    LEFT JOIN categories c ON c.category = h.category
    WHERE h.school_id = $school AND h.category IN ('ai_assistant', 'ai_companion', 'ai_undress')
    GROUP BY h.category
    HAVING min(h.event_date) BETWEEN $from AND $to
) x
ORDER BY x.day DESC, x.what
