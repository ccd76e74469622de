-- id: published_themes
-- title: What are pupils reaching for, and is it rising?
-- explanation: For each theme and half-term: how many of every 100 pupils searched for it or met a page about it in a school week, beside
--     the same half-term of the year before.
-- limits: Figures of half-terms that are over by 14 days; where no number stands, the last column says why.
--     A search may be homework. Whether a difference is clear stands on the school's page, with its interval.
-- audience: governor, head, dsl
-- parameter: year | year | this year | Academic year
-- chart: line half_term value figure year_before
-- version: 1
WITH newest AS (
    SELECT f.period, f.label, f.indicator, f.dimension, f.mark, f.value, f.academic_year, f.revision, f.change,
           row_number() OVER (PARTITION BY f.academic_year, f.period, f.indicator, coalesce(f.dimension, '') ORDER BY f.revision DESC, f.lake_version DESC) AS place
    FROM published_figures f
    WHERE f.school_id = $school AND f.grain = 'school' AND f.audience = 'governor' AND f.academic_year IN ($year, $last_year)
      AND f.indicator IN ('theme_rate')
)
SELECT n.label AS half_term, array_to_string(string_to_array(n.dimension, '_'), ' ') AS figure, CASE n.mark WHEN 'shown' THEN round(n.value, 1) END AS value,
       CASE b.mark WHEN 'shown' THEN round(b.value, 1) END AS year_before,
       CASE n.mark WHEN 'shown' THEN '' WHEN 'c' THEN 'fewer than 5 people, perhaps none' ELSE 'not available' END AS why_no_number
FROM newest n
LEFT JOIN newest b ON b.place = 1 AND b.academic_year = $last_year AND b.label = n.label AND b.indicator = n.indicator
    AND coalesce(b.dimension, '') = coalesce(n.dimension, '') AND b.period > 0
WHERE n.place = 1 AND n.academic_year = $year AND n.period > 0
ORDER BY n.period, figure
