-- id: unapproved_changes
-- title: Changes of the filter, not on record
-- question: Who changes the filter, and is each change on record?
-- standard: Filtering policy: every change logged, none one person's sole responsibility
-- unit: percent
-- numerator: changes in the filter's own log that no record of that day accounts for
-- denominator: changes in the filter's own log: of settings or policy, and sites unblocked
-- exclusions: automatic list updates; sign-ins; sources whose log tells nothing of administrators
-- audience: governor, dsl, technician
-- version: 2
-- group: filter
-- cells: school weeks
-- caveat: a record accounts for one thing changed on the day it says, whatever its words are: a log names rules, people name sites; not every product logs its changes
-- means: Of every 100 changes in the filter's own log, this many stand in no record of who asked, who agreed and who made them.
-- ask: who made each change, who agreed to it, and where is that written down?
WITH tells AS (
    SELECT DISTINCT a.school_id FROM admin_events a WHERE a.school_id = $school
),
changes AS (
    SELECT a.event_date AS day, coalesce(a.object, '') AS object, count(*) AS events, min(a.event_time) AS at
    FROM admin_events a
    WHERE a.school_id = $school AND a.operation IN ('configuration', 'policy_change', 'unblock')
    GROUP BY a.event_date, coalesce(a.object, '')
),
ranked AS (
    SELECT c.day, c.events, row_number() OVER (PARTITION BY c.day ORDER BY c.at, c.object) AS place FROM changes c
),
recorded AS (
    SELECT r.day, count(*) AS records
    FROM (
        SELECT c.made AS day FROM register_changes c WHERE c.school_id = $school AND c.made IS NOT NULL
        UNION ALL
        SELECT c.ended AS day FROM register_changes c WHERE c.school_id = $school AND c.ended IS NOT NULL
    ) r
    GROUP BY r.day
),
counted AS (
    SELECT w.week, sum(r.events) AS changes, sum(CASE WHEN r.place > coalesce(k.records, 0) THEN r.events ELSE 0 END) AS unrecorded
    FROM ranked r
    LEFT JOIN recorded k ON k.day = r.day
    JOIN term_weeks w ON w.school_id = $school AND r.day >= w.week AND r.day < w.until
    GROUP BY w.week
)
SELECT w.week AS day, CAST(NULL AS VARCHAR) AS dimension, CAST(NULL AS VARCHAR) AS part,
       coalesce(c.unrecorded, 0) AS numerator, coalesce(c.changes, 0) AS denominator
FROM term_weeks w
JOIN tells t ON t.school_id = w.school_id
LEFT JOIN counted c ON c.week = w.week
WHERE w.school_id = $school AND w.academic_year = $year AND w.logged_days > 0
