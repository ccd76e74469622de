-- id: unapproved_changes
-- title: Changes of the filter, not on record
-- question: Who changes the filter, and is each change on record?
-- standard: Filtering policy: every change logged, none one person's sole responsibility
-- unit: count
-- numerator: changes of settings or policy, and sites unblocked, in the filter's own log
-- denominator: school days with logs
-- exclusions: automatic list updates; sign-ins; sources whose log tells nothing of administrators
-- audience: governor, dsl, technician
-- version: 1
-- group: filter
-- cells: school weeks
-- caveat: no record of agreed changes is kept here yet, so every change counts as not on record and no share is given; not every product logs its changes
-- means: This many changes of the filter stand in its own log. None can be set against a record yet, so all count as not on record.
-- ask: who made each change, who agreed to it, and where is that written down?
WITH tells AS (
    SELECT DISTINCT a.school_id FROM admin_events a WHERE a.school_id = $school
),
changes AS (
    SELECT w.week, count(*) AS changes
    FROM admin_events a
    JOIN term_weeks w ON w.school_id = a.school_id AND a.event_date >= w.week AND a.event_date < w.until
    WHERE a.school_id = $school AND a.operation IN ('configuration', 'policy_change', 'unblock')
    GROUP BY w.week
)
SELECT w.week AS day, CAST(NULL AS VARCHAR) AS dimension, CAST(NULL AS VARCHAR) AS part,
       coalesce(c.changes, 0) AS numerator, w.logged_days AS denominator
FROM term_weeks w
JOIN tells t ON t.school_id = w.school_id
LEFT JOIN changes c ON c.week = w.week
WHERE w.school_id = $school AND w.academic_year = $year AND w.logged_days > 0
