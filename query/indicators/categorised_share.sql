-- id: categorised_share
-- title: Requests with a category
-- question: Do we know what kind of site it was?
-- standard: DfE monitoring standard 4
-- unit: percent
-- numerator: decisions on school days with a category that Weir knows
-- denominator: decisions on school days
-- exclusions: background traffic; days outside term
-- audience: dsl, technician
-- version: 1
-- group: records
-- cells: school days
-- by: profile, user_type, year_group
-- caveat: what the filter calls otherwise is kept, not lost: `weir formats unmapped` lists its names
-- means: Of every 100 requests, this many have a category that we can count. The others are in no theme unless a search says more.
-- ask: which of the filter's categories have no name here yet?
SELECT h.event_date AS day, CAST(NULL AS VARCHAR) AS dimension, {by} AS part,
       sum(h.categorised) AS numerator,
       sum(h.requests) AS denominator
FROM decided_days h
WHERE h.school_id = $school
GROUP BY 1, 2, 3
