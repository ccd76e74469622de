-- id: ai_first_seen
-- title: New AI tools
-- question: Which AI tools appeared that nobody had seen before?
-- standard: DfE: generative AI product safety; a trigger for review
-- unit: count
-- numerator: AI sites asked for the first time, allowed or stopped
-- denominator: school days with logs
-- exclusions: what pages embed; the half-term in which the logs began, since every tool is new then
-- audience: governor, dsl, technician
-- version: 1
-- group: ai
-- cells: school weeks
-- caveat: what was asked of a tool is not seen; tools inside other products are not told apart
-- means: This many AI sites were asked for that had not appeared in the logs before. A new tool calls for a look at its risks.
-- ask: was each new tool assessed, and for which pupils is it allowed?
WITH first_days AS (
    SELECT f.domain, min(f.event_date) AS first_day FROM decided_cells f
    WHERE f.school_id = $school AND f.indicator = 'ai_first_seen'
    GROUP BY f.domain
),
new_tools AS (
    SELECT w.week, count(*) AS tools
    FROM first_days f
    JOIN term_weeks w ON w.school_id = $school AND f.first_day >= w.week AND f.first_day < w.until
    GROUP BY w.week
),
began AS (
    SELECT min(p.start_date) AS start_date FROM periods p WHERE p.school_id = $school AND p.logged_days > 0
)
SELECT w.week AS day, CAST(NULL AS VARCHAR) AS dimension, CAST(NULL AS VARCHAR) AS part,
       coalesce(n.tools, 0) AS numerator, w.logged_days AS denominator
FROM term_weeks w
JOIN periods p ON p.school_id = w.school_id AND p.academic_year = w.academic_year AND p.period_no = w.period_no
JOIN began b ON p.start_date > b.start_date
LEFT JOIN new_tools n ON n.week = w.week
WHERE w.school_id = $school AND w.academic_year = $year AND w.logged_days > 0
