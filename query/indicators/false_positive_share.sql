-- id: false_positive_share
-- title: False alarms
-- question: How many alerts were false alarms?
-- standard: DfE monitoring standard 4: outcomes recorded
-- unit: percent
-- numerator: alerts whose outcome is a false alarm
-- denominator: alerts with an outcome
-- exclusions: alerts without an outcome
-- audience: governor, dsl
-- version: 1
-- group: records
-- cells: school weeks
-- hides: people
-- from: the register
-- caveat: few may mean that nobody marks them
-- means: Of every 100 alerts that somebody closed, this many were false alarms. Many of them tire whoever reads them; none at all may mean that nobody marks them.
-- ask: which words raise false alarms again and again, and who mutes them?
SELECT w.week AS day, CAST(NULL AS VARCHAR) AS dimension, CAST(NULL AS VARCHAR) AS part,
       count(*) FILTER (WHERE a.outcome = 'false_positive') AS numerator, count(*) AS denominator
FROM register_alerts a
JOIN term_weeks w ON w.school_id = $school AND a.closed >= w.week AND a.closed < w.until
WHERE a.school_id = $school AND w.academic_year = $year AND a.outcome IS NOT NULL
GROUP BY w.week;
SELECT w.week AS day, CAST(NULL AS VARCHAR) AS dimension, CAST(NULL AS VARCHAR) AS part, CAST(a.pupil AS VARCHAR) AS person, 1.0 AS share
FROM register_alerts a
JOIN term_weeks w ON w.school_id = $school AND a.closed >= w.week AND a.closed < w.until
WHERE a.school_id = $school AND a.outcome = 'false_positive'
