-- id: overrides
-- title: Went past a block
-- question: Who goes past the filter, and with whose leave?
-- standard: DfE filtering and monitoring standard 3; bypass agreed with the safeguarding lead
-- unit: percent
-- numerator: requests on school days where someone went past a block or a warning
-- denominator: requests on school days that were stopped, or that someone went past
-- exclusions: background traffic; days outside term
-- audience: governor, dsl, technician
-- version: 1
-- group: filter
-- cells: school days
-- by: profile, user_type, year_group
-- hides: few requests
-- caveat: some products do not log it when someone goes on, and no record of agreed bypasses is kept here yet
-- means: Of every 100 requests that met a block or a warning, someone went past this many. Staff may do so for a lesson; the logs do not say why.
-- ask: who may go past a block, and is each one agreed with the safeguarding lead?
SELECT h.event_date AS day, CAST(NULL AS VARCHAR) AS dimension, {by} AS part,
       sum(CASE WHEN h.action = 'overridden' THEN h.requests ELSE 0 END) AS numerator,
       sum(h.requests) AS denominator
FROM decided_days h
WHERE h.school_id = $school
  AND h.action IN ('blocked', 'warned', 'overridden')
GROUP BY 1, 2, 3
