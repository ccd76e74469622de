-- id: published_ways_round
-- title: Can pupils get round the filter?
-- explanation: For each half-term: how many of every 100 pupils looked for a way round the filter in a school week, and of every 100 such
--     requests those that got through; beside the year before.
-- limits: Figures of half-terms that are over by 14 days; where no number stands, the last column says why.
--     What wholly escapes the filter leaves no log.
-- audience: governor, head, dsl
-- parameter: year | year | this year | Academic year
-- chart: line half_term value figure year_before
-- version: 1
WITH newest AS (
    SELECT f.period, f.label, f.indicator, f.dimension, f.mark, f.value, f.academic_year, f.revision, f.change,
           row_number() OVER (PARTITION BY f.academic_year, f.period, f.indicator, coalesce(f.dimension, '') ORDER BY f.revision DESC, f.lake_version DESC) AS place
    FROM published_figures f
    WHERE f.school_id = $school AND f.grain = 'school' AND f.audience = 'governor' AND f.academic_year IN ($year, $last_year)
      AND f.indicator IN ('circumvention_rate', 'circumvention_allowed')
)
SELECT n.label AS half_term, CASE n.indicator WHEN 'circumvention_rate' THEN 'pupils of 100, in a school week' WHEN 'circumvention_allowed' THEN 'got through, of 100' ELSE n.indicator END AS figure, CASE n.mark WHEN 'shown' THEN round(n.value, 1) END AS value,
       CASE b.mark WHEN 'shown' THEN round(b.value, 1) END AS year_before,
       CASE n.mark WHEN 'shown' THEN '' WHEN 'c' THEN 'fewer than 5 people, perhaps none' ELSE 'not available' END AS why_no_number
FROM newest n
LEFT JOIN newest b ON b.place = 1 AND b.academic_year = $last_year AND b.label = n.label AND b.indicator = n.indicator
    AND coalesce(b.dimension, '') = coalesce(n.dimension, '') AND b.period > 0
WHERE n.place = 1 AND n.academic_year = $year AND n.period > 0
ORDER BY n.period, figure
