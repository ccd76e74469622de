-- id: trend_signal
-- title: Unusual weeks
-- question: Is a theme building up week by week?
-- standard: DfE monitoring standard 4
-- unit: count
-- numerator: school weeks in which the running sum of pupil-weeks above what was usual passed its limit
-- denominator: school weeks judged
-- exclusions: holidays; themes of fewer than 1 pupil a week by last year's rate; half-terms without last year's
-- audience: dsl
-- version: 1
-- group: reaching
-- cells: school weeks, summed
-- caveat: a prompt to look: even with nothing amiss, some themes pass the limit each year
-- means: In this many weeks, more pupils than in the same half-term last year had added up to pass the limit. It looks for half as many again.
-- ask: what was going on in those weeks?
WITH weeks AS (
    SELECT w.academic_year, w.period_no, w.label, w.week, w.pupils * w.logged_days / 5.0 AS exposure
    FROM term_weeks w
    WHERE w.school_id = $school AND w.academic_year IN ($year, $last_year) AND w.logged_days > 0
),
topics AS (
    SELECT DISTINCT t.topic FROM theme_weeks t
    WHERE t.school_id = $school AND t.user_type = 'pupil' AND t.topic NOT IN ('ai_assistant', 'help_seeking')
),
counted AS (
    SELECT t.event_date, t.topic, sum(t.people) AS people FROM theme_weeks t
    WHERE t.school_id = $school AND t.user_type = 'pupil' AND (t.since = 'always' OR t.since <= $last_year)
    GROUP BY t.event_date, t.topic
),
before AS (
    SELECT w.label, p.topic, sum(coalesce(c.people, 0)) / nullif(sum(w.exposure), 0) AS rate
    FROM weeks w
    CROSS JOIN topics p
    LEFT JOIN counted c ON c.event_date = w.week AND c.topic = p.topic
    WHERE w.academic_year = $last_year
    GROUP BY w.label, p.topic
),
steps AS (
    SELECT w.week, p.topic, b.rate * w.exposure AS expected,
           coalesce(c.people, 0) * ln(1.5) - 0.5 * b.rate * w.exposure AS step
    FROM weeks w
    CROSS JOIN topics p
    JOIN before b ON b.label = w.label AND b.topic = p.topic
    LEFT JOIN counted c ON c.event_date = w.week AND c.topic = p.topic
    JOIN marked m ON m.day = w.week
    WHERE w.academic_year = $year
),
walked AS (
    SELECT s.week, s.topic, s.expected, sum(s.step) OVER (PARTITION BY s.topic ORDER BY s.week) AS walk FROM steps s
),
run AS (
    SELECT k.week, k.topic, k.expected, k.walk - least(0.0, min(k.walk) OVER (PARTITION BY k.topic ORDER BY k.week)) AS cusum FROM walked k
)
SELECT m.{key} AS key, r.topic AS dimension, CAST(NULL AS VARCHAR) AS part,
       count(*) FILTER (WHERE r.cusum > 7 * ln(1.5)) AS numerator, count(*) AS denominator,
       count(*) FILTER (WHERE r.cusum > 7 * ln(1.5)) AS value
FROM run r
JOIN marked m ON m.day = r.week
GROUP BY 1, 2, 3
HAVING avg(r.expected) >= 1
