-- id: safe_search_share
-- title: Safe search
-- question: Is safe search locked?
-- standard: DfE filtering and monitoring standard 3: safe search locked
-- unit: percent
-- numerator: searches on school days whose address says that safe search is locked, that it is off, or neither
-- denominator: searches on school days with an engine that has such a mark: Google, Bing and Yahoo
-- exclusions: engines without a mark; suggestions while typing; days outside term
-- audience: governor, dsl, technician
-- version: 1
-- group: searches
-- cells: school days
-- caveat: locking by name service or by header leaves no mark, and most logs keep no mark of allowed searches: a test tells more
-- means: Of every 100 searches with Google, Bing or Yahoo, this many. Where we cannot tell, safe search may well be locked.
-- ask: how is safe search locked, and when was it last tested on each kind of device?
SELECT f.event_date AS day, f.part AS dimension, CAST(NULL AS VARCHAR) AS part,
       sum(f.numerator) AS numerator, sum(f.denominator) AS denominator
FROM decided_cells f
WHERE f.school_id = $school AND f.indicator = 'safe_search_share'
GROUP BY 1, 2, 3
