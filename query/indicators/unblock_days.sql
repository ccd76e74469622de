-- id: unblock_days
-- title: Time to decide on a blocked site
-- question: When filtering gets in the way of a lesson, how soon does somebody decide?
-- standard: DfE filtering standard: teaching not unreasonably harmed
-- unit: days
-- numerator: requests granted; of those still waiting: requests that wait
-- denominator: requests decided; of those still waiting: all that were decided or wait
-- exclusions: requests that were withdrawn; changes of the policy itself
-- audience: governor, dsl, technician
-- version: 1
-- group: filter
-- cells: school weeks, summed
-- hides: few requests
-- from: the register
-- caveat: only what was asked for here; sites asked for by telephone or in the corridor are in no record
-- means: Half of the requests for a site or a bypass were decided within this many school days. Those still waiting stand apart, with the days they have waited so far.
-- ask: who decides, and what did a class do meanwhile?
WITH asked AS (
    SELECT c.number, c.asked, c.granted, c.decided IS NULL AS is_open, coalesce(c.decided, CAST(t.today - INTERVAL '1 day' AS DATE)) AS day
    FROM register_changes c
    CROSS JOIN clock t
    WHERE c.school_id = $school AND c.kind IN ('unblock', 'bypass')
),
took AS (
    SELECT a.number, a.granted, a.is_open, a.day, count(d.date) AS days
    FROM asked a
    LEFT JOIN seen_days d ON d.school_id = $school AND d.date > a.asked AND d.date <= a.day
    GROUP BY a.number, a.granted, a.is_open, a.day
),
placed AS (
    SELECT m.{key} AS key, k.granted, k.is_open, k.days, count(*) OVER (PARTITION BY m.{key}) AS requests
    FROM took k
    JOIN term_weeks w ON w.school_id = $school AND k.day >= w.week AND k.day < w.until
    JOIN marked m ON m.day = w.week
)
SELECT p.key, CASE WHEN p.is_open THEN 'waiting' END AS dimension, CAST(NULL AS VARCHAR) AS part,
       count(*) FILTER (WHERE p.granted OR p.is_open) AS numerator,
       CASE WHEN p.is_open THEN max(p.requests) ELSE count(*) END AS denominator,
       median(CAST(p.days AS DOUBLE)) AS value
FROM placed p
GROUP BY p.key, p.is_open
