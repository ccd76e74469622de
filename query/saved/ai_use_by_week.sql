-- id: ai_use_by_week
-- title: How many pupils use AI assistants?
-- explanation: How many different pupils asked for an AI assistant in each school week of the half-term, let through or stopped.
-- limits: Use, not misuse: what was asked can't be seen.
-- audience: dsl, head
-- parameter: half_term | half_term | this half-term | Half-term
-- chart: bars week pupils
-- version: 1
SELECT w.event_date AS week, sum(w.people) AS pupils, sum(w.person_days) AS pupil_days
FROM theme_weeks w
WHERE w.school_id = $school AND w.user_type = 'pupil' AND w.topic = 'ai_assistant'
  AND w.event_date BETWEEN CAST(date_trunc('week', $half_term_from) AS DATE) AND $half_term_to
GROUP BY w.event_date
ORDER BY week
