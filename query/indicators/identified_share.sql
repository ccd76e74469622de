-- id: identified_share
-- title: People identified
-- question: Could we tell who it was?
-- standard: DfE monitoring standard 4: users identifiable
-- unit: percent
-- numerator: decisions on school days tied to one person
-- denominator: decisions on school days
-- exclusions: background traffic; guests; days outside term
-- audience: governor, dsl, technician
-- version: 1
-- group: visibility
-- cells: school days
-- adds: over half-terms
-- by: profile, user_type, year_group
-- caveat: shared sign-ins count as not identified
-- means: Of every 100 requests that we could read, this many are tied to one person. The rest came from shared sign-ins or devices nobody signed in to: concerns among them belong to nobody.
-- ask: which devices or classes share a sign-in, and will that change?
SELECT h.event_date AS day, CAST(NULL AS VARCHAR) AS dimension, {by} AS part,
       sum(h.identified) AS numerator,
       sum(h.requests) AS denominator
FROM decided_days h
WHERE h.school_id = $school
  AND h.user_type <> 'guest'
GROUP BY 1, 2, 3
