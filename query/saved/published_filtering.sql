-- id: published_filtering
-- title: Does the filter do what our policy says?
-- explanation: For each half-term: of every 100 requests those stopped; of every 10,000 those let through although policy says block; of
--     every 100 that policy allows those stopped all the same.
-- limits: Figures of half-terms that are over by 14 days; where no number stands, the last column says why.
--     Only as good as the policy on file.
-- audience: governor, head, dsl
-- parameter: year | year | this year | Academic year
-- chart: none
-- version: 1
WITH newest AS (
    SELECT f.period, f.label, f.indicator, f.dimension, f.mark, f.value, f.academic_year, f.revision, f.change,
           row_number() OVER (PARTITION BY f.academic_year, f.period, f.indicator, coalesce(f.dimension, '') ORDER BY f.revision DESC, f.lake_version DESC) AS place
    FROM published_figures f
    WHERE f.school_id = $school AND f.grain = 'school' AND f.audience = 'governor' AND f.academic_year IN ($year, $last_year)
      AND f.indicator IN ('blocked_share', 'filter_failures', 'overblock_share')
)
SELECT n.label AS half_term, CASE n.indicator WHEN 'blocked_share' THEN 'stopped, of 100' WHEN 'filter_failures' THEN 'let through although policy says block, of 10,000' WHEN 'overblock_share' THEN 'stopped although policy allows, of 100' ELSE n.indicator END AS figure, CASE n.mark WHEN 'shown' THEN round(n.value, 1) END AS value,
       CASE n.mark WHEN 'shown' THEN '' WHEN 'c' THEN 'fewer than 5 people, perhaps none' ELSE 'not available' END AS why_no_number
FROM newest n
WHERE n.place = 1 AND n.academic_year = $year AND n.period > 0
ORDER BY n.period, figure
