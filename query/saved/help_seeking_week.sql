-- id: help_seeking_week
-- title: Are pupils looking for help?
-- explanation: How many different pupils searched for help or opened a help line in each of the last weeks. This is good news, and
--     never a breach.
-- limits: Numbers only, on purpose: nobody is listed for looking for help. Pupils on their own phones are missing.
-- audience: dsl
-- parameter: week | week | this week | School week
-- chart: bars week pupils
-- version: 1
SELECT w.event_date AS week, sum(w.people) AS pupils, sum(w.person_days) AS pupil_days
FROM theme_weeks w
WHERE w.school_id = $school AND w.user_type = 'pupil' AND w.topic = 'help_seeking'
  AND w.event_date BETWEEN $week - INTERVAL '35 days' AND $week
GROUP BY w.event_date
ORDER BY week
