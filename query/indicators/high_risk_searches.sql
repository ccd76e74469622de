-- id: high_risk_searches
-- title: High-risk searches
-- question: Are pupils searching for things that call for a same-day look?
-- standard: DfE monitoring standard 4: immediate report of high risk
-- unit: pupils in every 100 in a school week
-- numerator: pupil-weeks: one pupil with at least one search of severity 3 or 4 in one school week
-- denominator: pupils on roll x school weeks (school days with logs / 5)
-- exclusions: staff, guests and unidentified people; days without logs, on both sides; searches for help; half-terms whose people are no longer kept
-- audience: governor, dsl
-- version: 1
-- group: searches
-- cells: school weeks
-- by: year_group
-- hides: people
-- caveat: a word is not an intent; searches that we cannot read are not counted
-- means: In a school week, this many of every 100 pupils made a search that the word list rates as serious. A search is not an intent: a person has to look.
-- ask: was each one looked at the same day, and what came of it?
WITH parts AS (
    SELECT DISTINCT {by} AS part FROM year_groups h
    WHERE h.school_id = $school AND h.academic_year = $year AND {groups}
),
counted AS (
    SELECT CAST(date_trunc('week', h.event_date) AS DATE) AS week, {by} AS part,
           count(DISTINCT h.user_key) FILTER (WHERE h.since = 'always' OR h.since <= $year) AS people,
           count(DISTINCT h.user_key) FILTER (WHERE h.since = 'always' OR h.since <= $last_year) AS comparable
    FROM pupil_days h
    WHERE h.school_id = $school AND h.user_type = 'pupil' AND h.search_severity >= 3 AND h.topic <> 'help_seeking'
    GROUP BY 1, 2
)
SELECT w.week AS day, CAST(NULL AS VARCHAR) AS dimension, p.part,
       coalesce(c.people, 0) AS numerator, r.pupils * w.logged_days / 5.0 AS denominator,
       coalesce(c.comparable, 0) AS comparable, coalesce(c.people, 0) AS people
FROM named_weeks w
CROSS JOIN parts p
LEFT JOIN counted c ON c.week = w.week AND c.part IS NOT DISTINCT FROM p.part
LEFT JOIN year_groups r ON r.school_id = w.school_id AND r.academic_year = w.academic_year AND r.year_group = {roll}
WHERE w.school_id = $school AND w.academic_year = $year;
SELECT CAST(date_trunc('week', h.event_date) AS DATE) AS day, CAST(NULL AS VARCHAR) AS dimension, {by} AS part, h.user_key AS person, 1.0 AS share
FROM pupil_days h
WHERE h.school_id = $school AND h.user_type = 'pupil' AND h.search_severity >= 3 AND h.topic <> 'help_seeking'
GROUP BY 1, 2, 3, 4
