-- id: theme_weeks
-- title: Distinct people a school, week and topic
-- version: 1
-- reads: `week_pupil_days`, the rows of pupil_days of whole weeks, for the schools and weeks in `touched_weeks`
-- gives: one row a school, Monday, topic, since, user type and year group
-- note: a person is counted once a week and topic, under the earliest `since` of what matched and the type and year group of the
--       week's last day; so people add up over since, user type and year group. A request logged by two layers counts once: the
--       layer that saw more of that person that day. A theme needs severity 1; help-seeking and watched categories do not.
WITH layered AS (
    SELECT p.school_id, p.event_date, p.topic, p.user_key, coalesce(s.layer, 'filter') AS layer,
           -- What always counted is the earliest, and as text it would be the latest.
           min(CASE p.since WHEN 'always' THEN '' ELSE p.since END) AS since, max(p.user_type) AS user_type, max(p.year_group) AS year_group, sum(p.requests) AS requests
    FROM week_pupil_days p
    LEFT JOIN sources s ON s.source_id = p.source_id AND s.school_id = p.school_id
    WHERE p.severity >= 1 OR p.topic IN ('ai_assistant', 'help_seeking')
    GROUP BY p.school_id, p.event_date, p.topic, p.user_key, coalesce(s.layer, 'filter')
),
person_days AS (
    SELECT school_id, event_date, topic, user_key,
           min(since) AS since, max(user_type) AS user_type, max(year_group) AS year_group, max(requests) AS requests
    FROM layered
    GROUP BY school_id, event_date, topic, user_key
),
person_weeks AS (
    SELECT d.school_id, t.week, d.topic, d.user_key,
           min(d.since) AS since,
           last_value(d.user_type ORDER BY d.event_date) AS user_type,
           last_value(d.year_group ORDER BY d.event_date) AS year_group,
           count(*) AS days,
           sum(d.requests) AS requests
    FROM person_days d
    JOIN touched_weeks t ON t.school_id = d.school_id AND t.week = CAST(date_trunc('week', d.event_date) AS DATE)
    GROUP BY d.school_id, t.week, d.topic, d.user_key
)
SELECT week AS event_date, school_id, topic, CASE since WHEN '' THEN 'always' ELSE since END AS since, user_type, year_group,
       count(*) AS people,
       CAST(sum(days) AS BIGINT) AS person_days,
       CAST(sum(requests) AS BIGINT) AS requests
FROM person_weeks
GROUP BY week, school_id, topic, since, user_type, year_group
