-- id: ai_use_rate
-- title: Use of AI assistants
-- question: How many pupils use AI tools?
-- standard: DfE: generative AI product safety; annual review of AI
-- unit: pupils in every 100 in a school week
-- numerator: pupil-weeks: one pupil with at least one request to an AI assistant in one school week
-- denominator: pupils on roll x school weeks (school days with logs / 5)
-- exclusions: staff, guests and unidentified people; days without logs, on both sides; what pages embed
-- audience: governor, dsl
-- version: 1
-- group: ai
-- cells: school weeks
-- adds: over half-terms
-- by: year_group
-- hides: people
-- caveat: use, not misuse; what was asked is not seen
-- means: In a school week, this many of every 100 pupils used an AI assistant or were stopped from one. What they asked is not in the logs.
-- ask: which AI tools are allowed for which pupils, and who assessed them?
WITH parts AS (
    SELECT DISTINCT 'ai_assistant' AS topic, {by} AS part FROM year_groups h
    WHERE h.school_id = $school AND h.academic_year = $year AND {groups}
),
counted AS (
    SELECT h.event_date, h.topic, {by} AS part,
           sum(h.people) FILTER (WHERE h.since = 'always' OR h.since <= $year) AS people,
           sum(h.people) FILTER (WHERE h.since = 'always' OR h.since <= $last_year) AS comparable
    FROM theme_weeks h
    WHERE h.school_id = $school AND h.user_type = 'pupil' AND h.topic = 'ai_assistant'
    GROUP BY 1, 2, 3
)
SELECT w.week AS day, CAST(NULL AS VARCHAR) AS dimension, p.part,
       coalesce(c.people, 0) AS numerator, r.pupils * w.logged_days / 5.0 AS denominator,
       coalesce(c.comparable, 0) AS comparable, coalesce(c.people, 0) AS people
FROM term_weeks w
CROSS JOIN parts p
LEFT JOIN counted c ON c.event_date = w.week AND c.topic = p.topic AND c.part IS NOT DISTINCT FROM p.part
LEFT JOIN year_groups r ON r.school_id = w.school_id AND r.academic_year = w.academic_year AND r.year_group = {roll}
WHERE w.school_id = $school AND w.academic_year = $year AND w.logged_days > 0;
SELECT CAST(date_trunc('week', h.event_date) AS DATE) AS day, CAST(NULL AS VARCHAR) AS dimension, {by} AS part, h.user_key AS person, 1.0 AS share
FROM pupil_days h
WHERE h.school_id = $school AND h.user_type = 'pupil' AND h.topic = 'ai_assistant'
GROUP BY 1, 2, 3, 4
