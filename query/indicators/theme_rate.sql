-- id: theme_rate
-- title: Theme rate
-- question: What are pupils reaching for, and is it rising?
-- standard: KCSIE: filtering and monitoring; DfE monitoring standard 4
-- unit: pupils in every 100 in a school week
-- numerator: pupil-weeks: one pupil with at least one event of the theme in one school week, weekends of that week included
-- denominator: pupils on roll x school weeks (school days with logs / 5)
-- exclusions: staff, guests and unidentified people; days without logs, on both sides; help-seeking, which is never a breach
-- audience: governor, dsl
-- version: 1
-- group: reaching
-- cells: school weeks
-- adds: over half-terms
-- by: year_group
-- hides: people
-- caveat: a search may be homework; traffic that is not tied to a person lowers it
-- means: In a school week, this many of every 100 pupils searched for this or were stopped from a page about it. It may be a game, a lesson or a worry: logs can't tell.
-- ask: what did the safeguarding lead find out?
WITH parts AS (
    SELECT DISTINCT h.topic, {by} AS part FROM theme_weeks h
    WHERE h.school_id = $school AND h.user_type = 'pupil' AND h.topic NOT IN ('ai_assistant', 'help_seeking', 'circumvention')
),
counted AS (
    SELECT h.event_date, h.topic, {by} AS part,
           sum(h.people) FILTER (WHERE h.since = 'always' OR h.since <= $year) AS people,
           sum(h.people) FILTER (WHERE h.since = 'always' OR h.since <= $last_year) AS comparable
    FROM theme_weeks h
    WHERE h.school_id = $school AND h.user_type = 'pupil' AND h.topic NOT IN ('ai_assistant', 'help_seeking', 'circumvention')
    GROUP BY 1, 2, 3
)
SELECT w.week AS day, p.topic AS dimension, p.part,
       coalesce(c.people, 0) AS numerator, r.pupils * w.logged_days / 5.0 AS denominator,
       coalesce(c.comparable, 0) AS comparable, coalesce(c.people, 0) AS people
FROM term_weeks w
CROSS JOIN parts p
LEFT JOIN counted c ON c.event_date = w.week AND c.topic = p.topic AND c.part IS NOT DISTINCT FROM p.part
LEFT JOIN year_groups r ON r.school_id = w.school_id AND r.academic_year = w.academic_year AND r.year_group = {roll}
WHERE w.school_id = $school AND w.academic_year = $year AND w.logged_days > 0;
SELECT CAST(date_trunc('week', h.event_date) AS DATE) AS day, h.topic AS dimension, {by} AS part, h.user_key AS person, 1.0 AS share
FROM pupil_days h
WHERE h.school_id = $school AND h.user_type = 'pupil' AND h.severity >= 1 AND h.topic NOT IN ('ai_assistant', 'help_seeking', 'circumvention')
GROUP BY 1, 2, 3, 4
