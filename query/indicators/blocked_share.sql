-- id: blocked_share
-- title: Share blocked
-- question: What does the filter stop, and is that changing?
-- standard: DfE filtering and monitoring standard 3
-- unit: percent
-- numerator: decisions on school days that were refused
-- denominator: decisions on school days
-- exclusions: background traffic; sources that log blocked requests only; days outside term
-- audience: governor, dsl, technician
-- version: 1
-- group: filter
-- cells: school days
-- adds: over half-terms
-- by: profile, user_type, year_group
-- caveat: falls when background noise is filtered better
-- means: Of every 100 requests that we could read, this many were stopped. More is not better or worse by itself: it shows how much the filter steps in.
-- ask: is the filter set for our pupils, and has its setting changed?
SELECT h.event_date AS day, CAST(NULL AS VARCHAR) AS dimension, {by} AS part,
       sum(CASE WHEN h.action = 'blocked' THEN h.requests ELSE 0 END) AS numerator,
       sum(h.requests) AS denominator
FROM decided_days h
WHERE h.school_id = $school
  AND h.logs_allowed
GROUP BY 1, 2, 3
