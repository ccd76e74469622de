-- id: search_visible_share
-- title: Searches we can read
-- question: Can we see what pupils search for?
-- standard: DfE monitoring standard 4; limits of monitoring
-- unit: percent
-- numerator: pages of search engines on school days whose search term can be read
-- denominator: pages of search engines on school days
-- exclusions: suggestions while typing; name services; days outside term
-- audience: governor, dsl, technician
-- version: 1
-- group: searches
-- cells: school days
-- adds: over half-terms
-- caveat: engines hide the term where only the site can be seen; a front page without a search counts as not read
-- means: Of every 100 pages of search engines, this many show what was searched for. Serious searches among the others stay unseen.
-- ask: which devices or engines hide their searches, and what else watches there?
SELECT f.event_date AS day, CAST(NULL AS VARCHAR) AS dimension, CAST(NULL AS VARCHAR) AS part,
       sum(f.numerator) AS numerator, sum(f.denominator) AS denominator
FROM decided_cells f
WHERE f.school_id = $school AND f.indicator = 'search_visible_share'
GROUP BY 1, 2, 3
