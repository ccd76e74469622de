-- id: path_visible_share
-- title: More than the site seen
-- question: How much of a page can we see?
-- standard: DfE monitoring standard 4; limits of monitoring
-- unit: percent
-- numerator: encrypted requests on school days of which more than the site could be seen
-- denominator: encrypted requests on school days
-- exclusions: background traffic; name services; days outside term
-- audience: governor, dsl, technician
-- version: 1
-- group: visibility
-- cells: school days
-- adds: over half-terms
-- by: profile, user_type, year_group
-- caveat: opening encrypted traffic is a choice with a cost
-- means: Of every 100 encrypted requests, this many show the page and not just the site. Of the others we know where, not what: searches among them stay unseen.
-- ask: was it decided what is opened and what is not, and is it written down?
SELECT h.event_date AS day, CAST(NULL AS VARCHAR) AS dimension, {by} AS part,
       sum(h.path_visible) AS numerator,
       sum(h.https) AS denominator
FROM decided_days h
WHERE h.school_id = $school
  AND h.layer <> 'dns'
GROUP BY 1, 2, 3
