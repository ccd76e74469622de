-- id: reveals
-- title: Names revealed
-- question: How often was a name looked up behind a key?
-- standard: UK GDPR: access to children's data is recorded and justified
-- unit: count
-- numerator: names revealed
-- denominator: past school days since reveals are written down
-- exclusions: requests that were refused
-- audience: governor, dsl
-- version: 1
-- group: records
-- cells: school weeks
-- hides: people
-- from: the register
-- caveat: who, why and whom is in the audit trail, which the head reads
-- means: A name was shown this many times to somebody allowed to see it. Each time stands in the audit trail, with a reason.
-- ask: does the head read the audit trail, and did each reveal lead to something?
SELECT w.week AS day, CAST(NULL AS VARCHAR) AS dimension, CAST(NULL AS VARCHAR) AS part,
       count(r.day) AS numerator, max(w.past_days) AS denominator
FROM term_weeks w
JOIN register_trail t ON t.since < w.until
LEFT JOIN register_reveals r ON r.school_id = w.school_id AND r.day >= w.week AND r.day < w.until
WHERE w.school_id = $school AND w.academic_year = $year AND w.past_days > 0
GROUP BY w.week;
SELECT w.week AS day, CAST(NULL AS VARCHAR) AS dimension, CAST(NULL AS VARCHAR) AS part, CAST(r.person AS VARCHAR) AS person, 1.0 AS share
FROM register_reveals r
JOIN term_weeks w ON w.school_id = $school AND r.day >= w.week AND r.day < w.until
WHERE r.school_id = $school
