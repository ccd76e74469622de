-- id: funnel_position
-- title: Beside our other schools
-- question: How do we compare with the other schools of our group?
-- standard: KCSIE: governors weigh what they see; no league table
-- unit: ratio
-- numerator: pupil-weeks of the theme, as published
-- denominator: pupil-weeks that the rate of all schools of the same phase leads one to expect
-- exclusions: hidden figures; schools with logs on under 90% of days or under half of requests tied to one person; phases of fewer than three schools
-- audience: governor, dsl
-- version: 1
-- group: reaching
-- cells: school weeks, summed
-- caveat: fewer than ten schools give no place; coverage first, pupils last; never a league table
-- means: 1 is what the other schools of the phase lead one to expect. Beside it stands how far from 1 that is, with the ordinary differences between schools allowed for: within 2 either way says nothing.
-- ask: if we are far out, do our logs see more or less than the others' do?
WITH newest AS (
    SELECT p.school_id, p.period, p.indicator, coalesce(p.dimension, '') AS dimension, p.mark, p.numerator, p.denominator,
           row_number() OVER (PARTITION BY p.school_id, p.period, p.indicator, coalesce(p.dimension, '') ORDER BY p.revision DESC, p.lake_version DESC) AS place
    FROM published_figures p
    WHERE p.audience = 'governor' AND p.grain = 'school' AND p.academic_year = $year AND p.period > 0
      AND p.indicator IN ('theme_rate', 'circumvention_rate', 'coverage_days', 'identified_share')
),
cells AS (
    SELECT n.school_id, n.period, n.indicator, n.dimension, n.numerator, n.denominator
    FROM newest n
    WHERE n.place = 1 AND n.mark = 'shown' AND n.denominator > 0
),
seen AS (
    SELECT i.school_id, i.period
    FROM cells i
    JOIN (
        SELECT c.school_id, c.period, max(c.numerator / c.denominator) AS covered
        FROM cells c WHERE c.indicator = 'coverage_days'
        GROUP BY c.school_id, c.period
    ) c ON c.school_id = i.school_id AND c.period = i.period AND c.covered >= 0.9
    WHERE i.indicator = 'identified_share' AND i.numerator >= 0.5 * i.denominator
),
placed AS (
    SELECT c.school_id, c.period, CASE c.indicator WHEN 'theme_rate' THEN c.dimension ELSE 'circumvention' END AS theme, s.phase,
           c.numerator AS observed, c.denominator AS exposure
    FROM cells c
    JOIN seen n ON n.school_id = c.school_id AND n.period = c.period
    JOIN schools s ON s.school_id = c.school_id
    WHERE c.indicator IN ('theme_rate', 'circumvention_rate')
),
phases AS (
    SELECT p.period, p.theme, p.phase, sum(p.observed) / sum(p.exposure) AS rate
    FROM placed p
    GROUP BY p.period, p.theme, p.phase
    HAVING count(*) >= 3 AND sum(p.observed) > 0
),
scored AS (
    SELECT p.school_id, p.period, p.theme, p.observed, x.rate * p.exposure AS expected,
           (sqrt(p.observed / (x.rate * p.exposure)) - 1) * 2 * sqrt(x.rate * p.exposure) AS z
    FROM placed p
    JOIN phases x ON x.period = p.period AND x.theme = p.theme AND x.phase = p.phase
),
ordered AS (
    SELECT s.period, s.theme, s.expected, s.z, count(*) OVER (PARTITION BY s.period, s.theme) AS schools,
           row_number() OVER (PARTITION BY s.period, s.theme ORDER BY s.z) AS up,
           row_number() OVER (PARTITION BY s.period, s.theme ORDER BY s.z DESC) AS down
    FROM scored s
),
clips AS (
    SELECT o.period, o.theme, max(o.z) FILTER (WHERE o.up = o.schools / 10 + 1) AS low, max(o.z) FILTER (WHERE o.down = o.schools / 10 + 1) AS high
    FROM ordered o
    GROUP BY o.period, o.theme
    HAVING max(o.schools) >= 10
),
sums AS (
    SELECT o.period, o.theme, CAST(count(*) AS DOUBLE) AS schools, sum(power(least(greatest(o.z, c.low), c.high), 2)) AS squares,
           sum(4 * o.expected) AS weight, sum(power(4 * o.expected, 2)) AS weights
    FROM ordered o
    JOIN clips c ON c.period = o.period AND c.theme = o.theme
    GROUP BY o.period, o.theme
),
spread AS (
    SELECT s.period, s.theme, greatest(0.0, (s.squares - (s.schools - 1)) / (s.weight - s.weights / s.weight)) AS tau2 FROM sums s
)
SELECT k.key, s.theme AS dimension, n.part, s.observed AS numerator, s.expected AS denominator,
       CASE WHEN n.part IS NULL THEN s.observed / s.expected ELSE (sqrt(s.observed / s.expected) - 1) / sqrt(1 / (4 * s.expected) + d.tau2) END AS value
FROM scored s
JOIN spread d ON d.period = s.period AND d.theme = s.theme
JOIN (SELECT DISTINCT m.{key} AS key, m.period_no FROM marked m) k ON k.period_no = s.period
CROSS JOIN (VALUES (CAST(NULL AS VARCHAR)), ('adjusted z')) AS n(part)
WHERE s.school_id = $school
