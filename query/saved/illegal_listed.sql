-- id: illegal_listed
-- title: Was anything listed as illegal asked for?
-- explanation: Requests in the categories that every policy blocks, by day: how many were stopped and how many let through. Do not
--     open any address: check with IT support first.
-- limits: Many products keep these lists hidden, so none here is no proof: checks are. A wrong list accuses nobody: someone looks
--     first.
-- audience: dsl, head
-- parameter: from | date | 83 days ago | First day
-- parameter: to | date | today | Last day
-- chart: none
-- version: 1
SELECT h.event_date AS day, coalesce(c.title, h.category) AS about,
       coalesce(sum(h.requests) FILTER (WHERE h.action IN ('blocked', 'warned')), 0) AS stopped,
       coalesce(sum(h.requests) FILTER (WHERE h.action IN ('allowed', 'overridden')), 0) AS let_through,
       coalesce(h.profile, '') AS profile
FROM decided_days h
LEFT JOIN categories c ON c.category = h.category
WHERE h.school_id = $school AND h.event_date BETWEEN $from AND $to
  AND h.category IN ('csam', 'terrorism', 'illegal_other', 'ai_undress')
GROUP BY h.event_date, h.category, c.title, h.profile
ORDER BY day DESC, about, profile
