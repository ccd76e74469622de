-- id: ways_round_by_week
-- title: Are more pupils looking for ways round the filter?
-- explanation: How many different pupils each week searched for, opened or were stopped from ways round the filter, in one half-
--     term.
-- limits: A lesson on networks looks the same. What wholly escapes the filter is not logged.
-- audience: dsl, head
-- parameter: half_term | half_term | this half-term | Half-term
-- chart: bars week pupils
-- version: 1
SELECT w.event_date AS week, sum(w.people) AS pupils, sum(w.person_days) AS pupil_days, sum(w.requests) AS requests
FROM theme_weeks w
WHERE w.school_id = $school AND w.user_type = 'pupil' AND w.topic = 'circumvention'
  AND w.event_date BETWEEN CAST(date_trunc('week', $half_term_from) AS DATE) AND $half_term_to
GROUP BY w.event_date
ORDER BY week
