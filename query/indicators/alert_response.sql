-- id: alert_response
-- title: Response to alerts
-- question: Do alerts reach the safeguarding lead, and how soon?
-- standard: DfE monitoring standard 4: immediate report of high risk
-- unit: hours
-- numerator: alerts acknowledged on the same school day; what happens on another day is due on the next school day
-- denominator: alerts rated 3 or 4
-- exclusions: alerts rated 1 or 2; false alarms are kept in
-- audience: governor, dsl
-- version: 1
-- group: records
-- cells: school weeks, summed
-- hides: people
-- from: the register
-- caveat: from when it happened to when somebody acknowledged it, so logs that arrive late count; an alert that nobody has acknowledged counts with the time up to today
-- means: Half of the serious alerts were acknowledged within this time, and 9 in every 10 within the longer one: by the clock, and counting hours of school alone.
-- ask: who looks when the safeguarding lead is away, and who watches out of hours?
WITH alerts AS (
    SELECT a.number, a.pupil, a.happened, a.happened_minute, a.acknowledged IS NOT NULL AS is_seen,
           coalesce(a.acknowledged, t.today) AS day, CASE WHEN a.acknowledged IS NULL THEN 0 ELSE a.acknowledged_minute END AS minute
    FROM register_alerts a
    CROSS JOIN clock t
    WHERE a.school_id = $school AND a.severity >= 3
),
hours AS (
    SELECT CAST(left(s.hours_from, 2) AS INT) * 60 + CAST(right(s.hours_from, 2) AS INT) AS opens,
           CAST(left(s.hours_to, 2) AS INT) * 60 + CAST(right(s.hours_to, 2) AS INT) AS closes
    FROM schools s WHERE s.school_id = $school
),
due AS (
    SELECT a.number, min(d.date) AS day
    FROM alerts a
    JOIN seen_days d ON d.school_id = $school AND d.date >= a.happened
    GROUP BY a.number
),
lessons AS (
    SELECT a.number,
           sum(greatest(0, least(h.closes, CASE WHEN d.date = a.day THEN a.minute ELSE 1440 END)
                           - greatest(h.opens, CASE WHEN d.date = a.happened THEN a.happened_minute ELSE 0 END))) AS minutes
    FROM alerts a
    CROSS JOIN hours h
    JOIN seen_days d ON d.school_id = $school AND d.date >= a.happened AND d.date <= a.day
    GROUP BY a.number
),
placed AS (
    SELECT m.{key} AS key, a.number, a.pupil, CASE WHEN a.is_seen AND a.day <= u.day THEN 1 ELSE 0 END AS in_time,
           greatest(0, (CAST(a.day AS INT) - CAST(a.happened AS INT)) * 1440 + a.minute - a.happened_minute) AS by_clock,
           coalesce(l.minutes, 0) AS by_lessons
    FROM alerts a
    JOIN term_weeks w ON w.school_id = $school AND a.happened >= w.week AND a.happened < w.until
    JOIN marked m ON m.day = w.week
    LEFT JOIN due u ON u.number = a.number
    LEFT JOIN lessons l ON l.number = a.number
),
clocks AS (
    SELECT p.key, p.number, 'all_hours' AS clock, CAST(p.by_clock AS BIGINT) AS minutes FROM placed p
    UNION ALL
    SELECT p.key, p.number, 'school_hours' AS clock, CAST(p.by_lessons AS BIGINT) AS minutes FROM placed p
),
ranked AS (
    SELECT c.key, c.clock, c.minutes, row_number() OVER (PARTITION BY c.key, c.clock ORDER BY c.minutes, c.number) AS place,
           count(*) OVER (PARTITION BY c.key, c.clock) AS alerts
    FROM clocks c
),
counted AS (
    SELECT p.key, sum(p.in_time) AS in_time, count(DISTINCT p.pupil) AS pupils FROM placed p GROUP BY p.key
)
SELECT r.key, r.clock AS dimension, s.part, max(c.in_time) AS numerator, max(r.alerts) AS denominator,
       min(r.minutes) / 60.0 AS value, max(c.pupils) AS people
FROM ranked r
JOIN counted c ON c.key = r.key
JOIN (VALUES ('half', 1, 2), ('9 in 10', 9, 10)) AS s(part, share, parts) ON r.place * s.parts >= r.alerts * s.share
GROUP BY r.key, r.clock, s.part
