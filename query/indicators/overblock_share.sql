-- id: overblock_share
-- title: Stopped although policy allows it
-- question: Does the filter get in the way of teaching?
-- standard: DfE filtering and monitoring standard 3: teaching not unreasonably harmed
-- unit: percent
-- numerator: decisions blocked or warned in categories that policy allows
-- denominator: decisions in categories that policy allows
-- exclusions: background traffic; days outside term; categories policy.csv says nothing of; sources that log blocked requests only
-- audience: governor, dsl, technician
-- version: 2
-- group: filter
-- cells: school days
-- adds: over half-terms
-- by: profile, user_type, year_group
-- caveat: only as good as policy.csv
-- means: Of every 100 requests to what our policy allows, this many were stopped all the same.
-- ask: do teachers know how to ask for a site, and how long does it take?
SELECT h.event_date AS day, CAST(NULL AS VARCHAR) AS dimension, {by} AS part,
       sum(CASE WHEN h.action IN ('blocked', 'warned') THEN h.requests ELSE 0 END) AS numerator,
       sum(h.requests) AS denominator
FROM judged_days h
WHERE h.school_id = $school
  AND h.logs_allowed
  AND h.expected = 'allow'
GROUP BY 1, 2, 3
