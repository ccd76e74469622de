-- id: circumvention_allowed
-- title: Ways round that were let through
-- question: When pupils try to get round the filter, does it hold?
-- standard: DfE filtering and monitoring standard 3: VPN and proxy blocked
-- unit: percent
-- numerator: decisions allowed or overridden in categories of circumvention
-- denominator: all decisions in those categories
-- exclusions: background traffic; remote access by staff; days outside term
-- audience: governor, dsl, technician
-- version: 1
-- group: filter
-- cells: school days
-- adds: over half-terms
-- by: profile, user_type, year_group
-- hides: few requests
-- caveat: what wholly escapes the filter is not logged
-- means: Of every 100 requests for a VPN, a proxy or the like that we could see, this many went through.
-- ask: would we see one that worked?
SELECT h.event_date AS day, CAST(NULL AS VARCHAR) AS dimension, {by} AS part,
       sum(CASE WHEN h.action IN ('allowed', 'overridden') THEN h.requests ELSE 0 END) AS numerator,
       sum(h.requests) AS denominator
FROM decided_days h
WHERE h.school_id = $school
  AND h.logs_allowed
  AND h.category IN ('circumvention', 'encrypted_dns', 'remote_access')
  AND NOT (h.category = 'remote_access' AND h.user_type = 'staff')
GROUP BY 1, 2, 3
