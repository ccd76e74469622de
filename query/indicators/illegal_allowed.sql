-- id: illegal_allowed
-- title: Illegal content, let through
-- question: Did anything go through that is illegal everywhere?
-- standard: DfE filtering and monitoring standard 3: IWF and CTIRU lists
-- unit: count
-- numerator: requests let through, on any day, that the filter itself puts in a category every policy blocks
-- denominator: days with logs of requests let through
-- exclusions: background traffic; sources that log blocked requests only; the last five school days, so that someone can look first
-- audience: governor, dsl, technician
-- version: 1
-- group: filter
-- cells: school weeks
-- hides: few requests
-- caveat: many products hide these lists: none is no proof, tests are
-- means: Requests that the filter let through although it puts the site itself among child abuse images, terrorism or other illegal content. Often the site is in the wrong category: nobody opens it, IT support and the safeguarding lead check.
-- ask: who looked at it, on the same day, and what did the latest test of the filter show?
WITH looked_at AS (
    SELECT max(d.date) AS until
    FROM seen_days d
    JOIN (SELECT max(x.day_no) AS last_no FROM seen_days x WHERE x.school_id = $school AND x.is_past) l ON d.day_no <= l.last_no - 5
    WHERE d.school_id = $school AND d.is_past
),
days AS (
    SELECT w.week, h.event_date,
           sum(CASE WHEN h.action = 'allowed' AND h.category IN ('csam', 'terrorism', 'illegal_other', 'ai_undress') THEN h.requests ELSE 0 END) AS requests
    FROM decided_days h
    JOIN term_weeks w ON w.school_id = h.school_id AND h.event_date >= w.week AND h.event_date < w.until
    CROSS JOIN looked_at l
    WHERE h.school_id = $school AND w.academic_year = $year AND h.logs_allowed AND h.event_date <= l.until
    GROUP BY w.week, h.event_date
)
SELECT d.week AS day, CAST(NULL AS VARCHAR) AS dimension, CAST(NULL AS VARCHAR) AS part, sum(d.requests) AS numerator, count(*) AS denominator
FROM days d
GROUP BY d.week
