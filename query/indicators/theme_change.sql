-- id: theme_change
-- title: Change on last year
-- question: Is a theme rising or falling?
-- standard: KCSIE: filtering and monitoring; DfE monitoring standard 4
-- unit: ratio
-- numerator: pupil-weeks of the theme, of what already counted last year
-- denominator: pupil-weeks that last year's rate in the same half-term leads one to expect, over this year's pupils and school weeks
-- exclusions: staff, guests and unidentified people; half-terms with logs on under 90% of school days, on either side; help-seeking
-- audience: governor, dsl
-- version: 1
-- group: reaching
-- cells: school weeks, summed
-- hides: people
-- caveat: new devices or a new filter change it too; only its interval says how sure it is
-- means: 1 is as last year, 2 is twice as many. Where the interval holds 1, it is no clear change.
-- ask: what changed since: pupils, devices, the filter or what we can see?
WITH weeks AS (
    SELECT w.academic_year, w.label, w.week, w.{key} AS key, w.counted_days, w.logged_days, w.pupils * w.logged_days / 5.0 AS exposure
    FROM term_weeks w
    WHERE w.school_id = $school AND w.academic_year IN ($year, $last_year) AND w.past_days > 0
),
counted AS (
    SELECT t.event_date, t.topic, sum(t.people) FILTER (WHERE t.since = 'always' OR t.since <= $year) AS people,
           coalesce(sum(t.people) FILTER (WHERE t.since = 'always' OR t.since <= $last_year), 0) AS comparable
    FROM theme_weeks t
    WHERE t.school_id = $school AND t.user_type = 'pupil' AND t.topic NOT IN ('ai_assistant', 'help_seeking', 'circumvention')
    GROUP BY t.event_date, t.topic
),
topics AS (
    SELECT DISTINCT c.topic FROM counted c
),
now AS (
    SELECT w.key, w.label, p.topic, sum(coalesce(c.people, 0)) AS people, sum(coalesce(c.comparable, 0)) AS comparable,
           max(coalesce(c.comparable, 0)) AS most, sum(w.exposure) AS exposure
    FROM weeks w
    CROSS JOIN topics p
    LEFT JOIN counted c ON c.event_date = w.week AND c.topic = p.topic AND w.logged_days > 0
    WHERE w.academic_year = $year
    GROUP BY w.key, w.label, p.topic
    HAVING sum(w.logged_days) >= 0.9 * sum(w.counted_days) AND sum(w.exposure) > 0
),
before AS (
    SELECT w.label, p.topic, sum(coalesce(c.comparable, 0)) AS comparable, max(coalesce(c.comparable, 0)) AS most, sum(w.exposure) AS exposure
    FROM weeks w
    CROSS JOIN topics p
    LEFT JOIN counted c ON c.event_date = w.week AND c.topic = p.topic AND w.logged_days > 0
    WHERE w.academic_year = $last_year
    GROUP BY w.label, p.topic
    HAVING sum(w.logged_days) >= 0.9 * sum(w.counted_days) AND sum(w.exposure) > 0
)
SELECT n.key, n.topic AS dimension, CAST(NULL AS VARCHAR) AS part, n.comparable AS numerator, b.comparable * n.exposure / b.exposure AS denominator,
       n.comparable / nullif(b.comparable * n.exposure / b.exposure, 0) AS value, b.comparable AS comparable, least(n.most, b.most) AS people
FROM now n
JOIN before b ON b.label = n.label AND b.topic = n.topic
WHERE n.people = n.comparable OR (n.comparable >= 5 AND n.people - n.comparable >= 5)
