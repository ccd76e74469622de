-- id: urgent_searches
-- title: Which searches were urgent?
-- explanation: Searches that matched an urgent or high entry, newest first, by key. Look at each the same day.
-- limits: A word is not an intent: it may be a song, a game or homework. Searches that the engine hides are missing.
-- audience: dsl
-- parameter: from | date | 6 days ago | First day
-- parameter: to | date | today | Last day
-- chart: none
-- terms: yes
-- most_days: 31
-- version: 1
SELECT to_char(e.local_time, '%Y-%m-%d %H:%M') AS time, e.user_key AS pupil, coalesce(e.year_group, '') AS year_group,
       coalesce(t.title, '') AS about, e.concern_severity AS severity, coalesce(e.search_term, 'noticed by the device monitor') AS searched_for,
       e.help_seeking AS asked_for_help
FROM events e
LEFT JOIN themes t ON t.theme = e.theme
WHERE e.school_id = $school AND e.event_date BETWEEN $from AND $to AND NOT e.furniture
  AND e.user_type = 'pupil' AND e.concern_severity >= 3
ORDER BY time DESC, pupil, searched_for
