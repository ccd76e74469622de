-- id: published_visibility
-- title: What do we not see?
-- explanation: For each half-term: of every 100 encrypted requests those of which more than the site is seen; of every 100 pages of search
--     engines those whose search can be read; of every 100 requests those tied to one person.
-- limits: Figures of half-terms that are over by 14 days; where no number stands, the last column says why.
--     Phones on mobile data, e-mail, chat and apps are in no log at all.
-- audience: governor, head, dsl
-- parameter: year | year | this year | Academic year
-- chart: none
-- version: 1
WITH newest AS (
    SELECT f.period, f.label, f.indicator, f.dimension, f.mark, f.value, f.academic_year, f.revision, f.change,
           row_number() OVER (PARTITION BY f.academic_year, f.period, f.indicator, coalesce(f.dimension, '') ORDER BY f.revision DESC, f.lake_version DESC) AS place
    FROM published_figures f
    WHERE f.school_id = $school AND f.grain = 'school' AND f.audience = 'governor' AND f.academic_year IN ($year, $last_year)
      AND f.indicator IN ('path_visible_share', 'search_visible_share', 'identified_share')
)
SELECT n.label AS half_term, CASE n.indicator WHEN 'path_visible_share' THEN 'more than the site seen' WHEN 'search_visible_share' THEN 'searches that can be read' WHEN 'identified_share' THEN 'requests tied to one person' ELSE n.indicator END AS figure, CASE n.mark WHEN 'shown' THEN round(n.value, 1) END AS value,
       CASE n.mark WHEN 'shown' THEN '' WHEN 'c' THEN 'fewer than 5 people, perhaps none' ELSE 'not available' END AS why_no_number
FROM newest n
WHERE n.place = 1 AND n.academic_year = $year AND n.period > 0
ORDER BY n.period, figure
