-- id: published_coverage
-- title: Are the logs complete?
-- explanation: For each half-term: of every 100 school days those with logs, by source; of every 100 lesson hours those in which a source
--     that usually logs was silent; of every 100 requests those tied to one person.
-- limits: Figures of half-terms that are over by 14 days; where no number stands, the last column says why.
--     What never reached a log is in none of them.
-- audience: governor, head, dsl
-- parameter: year | year | this year | Academic year
-- chart: none
-- version: 1
WITH newest AS (
    SELECT f.period, f.label, f.indicator, f.dimension, f.mark, f.value, f.academic_year, f.revision, f.change,
           row_number() OVER (PARTITION BY f.academic_year, f.period, f.indicator, coalesce(f.dimension, '') ORDER BY f.revision DESC, f.lake_version DESC) AS place
    FROM published_figures f
    WHERE f.school_id = $school AND f.grain = 'school' AND f.audience = 'governor' AND f.academic_year IN ($year, $last_year)
      AND f.indicator IN ('coverage_days', 'silent_hours', 'identified_share')
)
SELECT n.label AS half_term, CASE n.indicator WHEN 'coverage_days' THEN concat('days with logs, ', n.dimension) WHEN 'silent_hours' THEN concat('silent hours, ', n.dimension) WHEN 'identified_share' THEN 'requests tied to one person' ELSE n.indicator END AS figure, CASE n.mark WHEN 'shown' THEN round(n.value, 1) END AS value,
       CASE n.mark WHEN 'shown' THEN '' WHEN 'c' THEN 'fewer than 5 people, perhaps none' ELSE 'not available' END AS why_no_number
FROM newest n
WHERE n.place = 1 AND n.academic_year = $year AND n.period > 0
ORDER BY n.period, figure
