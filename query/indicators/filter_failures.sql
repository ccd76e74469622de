-- id: filter_failures
-- title: Let through, policy says block
-- question: Does the filter block what we decided it must?
-- standard: DfE filtering and monitoring standard 3; KCSIE
-- unit: in every 10 000 requests
-- numerator: decisions allowed in categories that policy blocks
-- denominator: decisions that policy speaks of
-- exclusions: background traffic; requests that someone overrode after a warning; days outside term; sources that log blocked requests only
-- audience: governor, dsl, technician
-- version: 2
-- group: filter
-- cells: school days
-- adds: over half-terms
-- by: profile, user_type, year_group
-- hides: few requests
-- caveat: a site in the wrong category looks the same: IT support checks the sites
-- means: Requests that our policy says to block and the filter let through. A few can be sites that the filter puts in the wrong category.
-- ask: which sites were these, who changes the filter, and by when?
SELECT h.event_date AS day, CAST(NULL AS VARCHAR) AS dimension, {by} AS part,
       sum(CASE WHEN h.action = 'allowed' AND h.expected = 'block' THEN h.requests ELSE 0 END) AS numerator,
       sum(h.requests) AS denominator
FROM judged_days h
WHERE h.school_id = $school
  AND h.logs_allowed
GROUP BY 1, 2, 3
