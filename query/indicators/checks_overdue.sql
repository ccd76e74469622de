-- id: checks_overdue
-- title: Checks overdue
-- question: Is filtering tested as often as we said?
-- standard: DfE filtering standard: checks of all devices, sites and user groups
-- unit: percent
-- numerator: planned tests that did not pass within their interval
-- denominator: planned tests: what is to be tested, at each place
-- exclusions: places whose devices are gone; checks that were withdrawn
-- audience: governor, dsl, technician
-- version: 1
-- group: filter
-- cells: school weeks, summed
-- from: the register
-- caveat: as of the last school day, by the plan of today: no earlier plan is kept; no plan, no figure
-- means: Of every 100 planned tests, this many have not passed in time. Nobody can say whether the filter still does there what it should.
-- ask: which tests are late, and who makes them by when?
WITH days AS (
    SELECT m.{key} AS key, least(max(w.end_date), max(t.today)) AS day
    FROM marked m
    JOIN term_weeks w ON w.school_id = $school AND w.week = m.day
    CROSS JOIN clock t
    GROUP BY 1
),
planned AS (
    SELECT d.key, d.day, p.place, p.test, p.every_days
    FROM days d
    JOIN register_plan p ON p.since <= d.day AND (p.until IS NULL OR p.until > d.day)
    WHERE p.school_id = $school
),
judged AS (
    SELECT p.key, p.place, p.test,
           min(CASE WHEN c.passed AND CAST(p.day AS INT) - CAST(c.day AS INT) <= p.every_days THEN 0 ELSE 1 END) AS late
    FROM planned p
    LEFT JOIN register_checks c ON c.school_id = $school AND c.place = p.place AND c.test = p.test AND c.day <= p.day
    GROUP BY p.key, p.place, p.test
)
SELECT j.key, CAST(NULL AS VARCHAR) AS dimension, CAST(NULL AS VARCHAR) AS part, sum(j.late) AS numerator, count(*) AS denominator,
       100.0 * sum(j.late) / nullif(count(*), 0) AS value
FROM judged j
GROUP BY j.key
