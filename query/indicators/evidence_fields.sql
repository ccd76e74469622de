-- id: evidence_fields
-- title: The five things an inspector asks for
-- question: If something was stopped, do we know who, where, when and what?
-- standard: DfE monitoring standard 4: evidence of each event
-- unit: percent
-- numerator: requests stopped on school days with time, address, device, person, and search or site
-- denominator: requests stopped on school days
-- exclusions: background traffic; days outside term
-- audience: governor, technician
-- version: 1
-- group: records
-- cells: school days
-- caveat: many products log no name of the device, which alone brings this to 0
-- means: Of every 100 requests that were stopped, this many come with all five: time, network address, device, person, and what it was. The table `figures` says which are missing.
-- ask: which of the five does our filter not log, and can it?
SELECT f.event_date AS day, CAST(NULL AS VARCHAR) AS dimension, CAST(NULL AS VARCHAR) AS part,
       sum(f.numerator) AS numerator, sum(f.denominator) AS denominator
FROM decided_cells f
WHERE f.school_id = $school AND f.indicator = 'evidence_fields' AND f.field = 'all'
GROUP BY 1, 2, 3
