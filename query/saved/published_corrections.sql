-- id: published_corrections
-- title: Which published figures were changed since?
-- explanation: Every figure of the year whose number changed after it was published, because logs came late or a mistake was taken
--     back: which, of which half-term, how often, and by how much the last time.
-- limits: Figures of half-terms that are over by 14 days. Why it changed is in the ingest reports; a hidden number's change is not told.
-- audience: governor, head, dsl
-- parameter: year | year | this year | Academic year
-- chart: none
-- version: 1
WITH newest AS (
    SELECT f.period, f.label, f.indicator, f.dimension, f.mark, f.value, f.revision, f.change,
           row_number() OVER (PARTITION BY f.period, f.indicator, coalesce(f.dimension, '') ORDER BY f.revision DESC, f.lake_version DESC) AS place
    FROM published_figures f
    WHERE f.school_id = $school AND f.grain = 'school' AND f.audience = 'governor' AND f.academic_year = $year
)
SELECT n.label AS half_term, array_to_string(string_to_array(n.indicator, '_'), ' ') AS figure,
       coalesce(array_to_string(string_to_array(n.dimension, '_'), ' '), '') AS of_what, n.revision - 1 AS times_changed,
       CASE n.mark WHEN 'shown' THEN round(n.value, 2) END AS value, CASE n.mark WHEN 'shown' THEN round(n.change, 2) END AS last_change
FROM newest n
WHERE n.place = 1 AND n.revision > 1
ORDER BY n.period, figure, of_what
