-- id: out_of_hours
-- title: Outside school hours
-- question: Is anyone watching when pupils are online after school?
-- standard: DfE monitoring standard 4; KCSIE governors' review
-- unit: percent
-- numerator: theme pupil-days with anything outside school hours: one pupil, one day, one theme
-- denominator: theme pupil-days, weekends of the same weeks included
-- exclusions: staff, guests and unidentified people; help-seeking; holidays; half-terms whose people are no longer kept
-- audience: governor, dsl
-- version: 1
-- group: reaching
-- cells: school weeks
-- by: year_group
-- hides: people
-- caveat: boarders cannot be told apart here yet
-- means: Of every 100 times that a pupil was counted in a theme on a day, this many had something before or after school, or at a weekend.
-- ask: who sees it then, and when?
WITH theme_days AS (
    SELECT h.event_date, h.topic, h.user_key, {by} AS part, max(h.out_of_hours) AS outside
    FROM pupil_days h
    WHERE h.school_id = $school AND h.user_type = 'pupil' AND h.severity >= 1 AND h.topic NOT IN ('ai_assistant', 'help_seeking')
    GROUP BY 1, 2, 3, 4
)
SELECT w.week AS day, CAST(NULL AS VARCHAR) AS dimension, t.part,
       count(*) FILTER (WHERE t.outside > 0) AS numerator, count(*) AS denominator
FROM theme_days t
JOIN named_weeks w ON w.week = CAST(date_trunc('week', t.event_date) AS DATE)
WHERE w.school_id = $school AND w.academic_year = $year
GROUP BY 1, 2, 3;
SELECT CAST(date_trunc('week', t.event_date) AS DATE) AS day, CAST(NULL AS VARCHAR) AS dimension, t.part, t.user_key AS person,
       CAST(count(*) AS DOUBLE) AS share
FROM (
    SELECT h.event_date, h.topic, h.user_key, {by} AS part
    FROM pupil_days h
    WHERE h.school_id = $school AND h.user_type = 'pupil' AND h.severity >= 1 AND h.topic NOT IN ('ai_assistant', 'help_seeking')
    GROUP BY 1, 2, 3, 4
    HAVING max(h.out_of_hours) > 0
) t
GROUP BY 1, 2, 3, 4
