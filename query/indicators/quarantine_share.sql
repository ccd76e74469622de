-- id: quarantine_share
-- title: Lines we could not read
-- question: Does every line of the logs reach us?
-- standard: DfE monitoring standard 4
-- unit: percent
-- numerator: lines put in quarantine
-- denominator: lines read, headers and comments included
-- exclusions: none; a file counts where its last line falls, and a file of several schools with each of them
-- audience: governor, technician
-- version: 1
-- group: records
-- cells: school weeks
-- caveat: a new version of the filter's software often shows here first
-- means: Of every 100 lines of the logs, this many could not be read and wait for a mend. What they say is in no figure.
-- ask: what changed in the logs, and when will it be mended?
SELECT w.week AS day, CAST(NULL AS VARCHAR) AS dimension, CAST(NULL AS VARCHAR) AS part,
       sum(r.quarantined) AS numerator, sum(r.lines) AS denominator
FROM files_read r
JOIN term_weeks w ON w.school_id = r.school_id AND r.last_day >= w.week AND r.last_day < w.until
WHERE r.school_id = $school AND w.academic_year = $year
GROUP BY 1, 2, 3
