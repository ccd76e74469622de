-- id: who_searched_for
-- title: Who searched for these words?
-- explanation: Pupils whose searches hold the words given, with how often and when. The list is by key: a name is revealed one pupil
--     at a time, with a reason.
-- limits: A search may be homework, and the words may stand in another search. Searches that the engine hides, and pupils who were
--     not signed in, are missing.
-- audience: dsl
-- parameter: words | text | - | Words to look for
-- parameter: from | date | 6 days ago | First day
-- parameter: to | date | today | Last day
-- chart: none
-- terms: yes
-- most_days: 31
-- version: 1
SELECT d.user_key AS pupil, coalesce(max(d.year_group), '') AS year_group, d.search_term AS searched_for,
       count(*) AS times, to_char(min(d.local_time), '%Y-%m-%d %H:%M') AS first_time, to_char(max(d.local_time), '%Y-%m-%d %H:%M') AS last_time
FROM decisions d
WHERE d.school_id = $school AND d.event_date BETWEEN $from AND $to AND d.user_type = 'pupil' AND d.user_key IS NOT NULL
  AND strpos(lower(d.search_term), lower($words)) > 0
GROUP BY d.user_key, d.search_term
ORDER BY last_time DESC, pupil, searched_for
