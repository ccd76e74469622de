-- id: repeat_attempts
-- title: Came up again
-- question: Does the same thing come up again for the same pupils?
-- standard: KCSIE: early help; DfE monitoring standard 4
-- unit: pupils in every 100
-- numerator: pupils with the same theme, rated above 1, on 3 days or more inside 7
-- denominator: pupils on roll
-- exclusions: staff, guests and unidentified people; help-seeking; themes rated 1; half-terms whose people are no longer kept
-- audience: governor, dsl
-- version: 1
-- group: reaching
-- cells: school weeks, summed
-- by: year_group
-- hides: people
-- caveat: persistence, curiosity or a project: logs can't tell
-- means: For this many of every 100 pupils, the same theme came up on 3 days or more within a week. It may be a worry, curiosity or a project.
-- ask: did someone speak with each of them?
WITH theme_days AS (
    SELECT m.{key} AS key, h.topic, h.user_key, h.event_date, {by} AS part
    FROM pupil_days h
    JOIN marked m ON m.day = CAST(date_trunc('week', h.event_date) AS DATE)
    WHERE h.school_id = $school AND h.user_type = 'pupil' AND h.severity >= 2 AND h.topic NOT IN ('ai_assistant', 'help_seeking')
    GROUP BY 1, 2, 3, 4, 5
),
again AS (
    SELECT t.key, t.user_key, t.part, t.event_date,
           lag(t.event_date, 2) OVER (PARTITION BY t.key, t.topic, t.user_key ORDER BY t.event_date) AS two_before
    FROM theme_days t
),
counted AS (
    SELECT a.key, a.part, count(DISTINCT a.user_key) AS people
    FROM again a
    WHERE CAST(a.event_date AS INT) - CAST(a.two_before AS INT) <= 6
    GROUP BY a.key, a.part
),
parts AS (
    SELECT DISTINCT {by} AS part FROM year_groups h
    WHERE h.school_id = $school AND h.academic_year = $year AND {groups}
)
SELECT w.{key} AS key, CAST(NULL AS VARCHAR) AS dimension, p.part, coalesce(c.people, 0) AS numerator, r.pupils AS denominator,
       100.0 * coalesce(c.people, 0) / nullif(r.pupils, 0) AS value, coalesce(c.people, 0) AS people
FROM (SELECT DISTINCT n.school_id, n.academic_year, n.{key} FROM named_weeks n WHERE n.school_id = $school AND n.academic_year = $year) w
CROSS JOIN parts p
LEFT JOIN counted c ON c.key = w.{key} AND c.part IS NOT DISTINCT FROM p.part
LEFT JOIN year_groups r ON r.school_id = w.school_id AND r.academic_year = w.academic_year AND r.year_group = {roll}
