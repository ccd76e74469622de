-- id: searches_about
-- title: What were the searches about this theme?
-- explanation: Each search that matched the theme, with how many pupils made it. Read the words: that is how a game or a lesson is
--     told from a worry.
-- limits: Only searches that the filter's log shows. A word is not an intent.
-- audience: dsl
-- parameter: theme | theme | self_harm | Theme
-- parameter: from | date | 6 days ago | First day
-- parameter: to | date | today | Last day
-- chart: none
-- terms: yes
-- most_days: 31
-- version: 1
SELECT d.search_term AS searched_for, count(DISTINCT d.user_key) AS pupils, count(*) AS times,
       max(d.concern_severity) AS severity, min(d.event_date) AS first_day, max(d.event_date) AS last_day
FROM decisions d
WHERE d.school_id = $school AND d.event_date BETWEEN $from AND $to AND d.user_type = 'pupil' AND d.search_term IS NOT NULL
  AND (d.theme = $theme OR array_has(d.other_themes, $theme))
GROUP BY d.search_term
ORDER BY pupils DESC, times DESC, searched_for
