-- id: themes_this_week
-- title: What were pupils searching for or stopped from this week?
-- explanation: How many different pupils searched for each theme, or met a page about it, in one school week; and in the week
--     before.
-- limits: One pupil is one, however often. A search may be homework. Pupils who were not signed in are missing.
-- audience: dsl, head
-- parameter: week | week | this week | School week
-- chart: bars about pupils
-- version: 1
SELECT coalesce(t.title, w.topic) AS about, sum(CASE WHEN w.event_date = $week THEN w.people ELSE 0 END) AS pupils,
       sum(CASE WHEN w.event_date < $week THEN w.people ELSE 0 END) AS week_before,
       sum(CASE WHEN w.event_date = $week THEN w.requests ELSE 0 END) AS requests
FROM theme_weeks w
LEFT JOIN themes t ON t.theme = w.topic
WHERE w.school_id = $school AND w.user_type = 'pupil' AND w.topic NOT IN ('help_seeking', 'ai_assistant')
  AND w.event_date BETWEEN $week - INTERVAL '7 days' AND $week
GROUP BY w.topic, t.title
ORDER BY pupils DESC, about
