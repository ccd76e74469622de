-- id: retention_kept
-- title: Retention kept
-- question: Do we keep pupils' data no longer than we said?
-- standard: UK GDPR: storage limitation; DPIA
-- unit: days
-- numerator: days from the oldest row that may tell of one person to today
-- denominator: days that the policy in weir.toml allows
-- exclusions: files outside the lake: exports, backups
-- audience: governor, technician
-- version: 1
-- group: records
-- cells: school weeks, summed
-- caveat: it is told of today, under the latest half-term; backups are outside Weir; where schools share a file, the oldest of them counts
-- means: The oldest row that may tell of one pupil is this many days old. More than the policy allows means that deletion did not run.
-- ask: does the policy fit the privacy notice, and are backups deleted too?
WITH now AS (
    SELECT max(m.{key}) AS key FROM marked m CROSS JOIN clock t WHERE m.day <= t.today
),
kept AS (
    SELECT 'lines' AS dimension, min(r.event_date) AS oldest, max(k.raw_days) AS days
    FROM raw_files r
    CROSS JOIN retention k
    WHERE $school BETWEEN r.first_school AND r.last_school
    UNION ALL
    SELECT 'pupil_days' AS dimension, min(p.event_date) AS oldest, max(k.pupil_days_months) * 31 AS days
    FROM pupil_days p
    CROSS JOIN retention k
    WHERE p.school_id = $school
)
SELECT n.key, k.dimension, CAST(NULL AS VARCHAR) AS part, CAST(t.today AS INT) - CAST(k.oldest AS INT) AS numerator, k.days AS denominator,
       CAST(t.today AS INT) - CAST(k.oldest AS INT) AS value
FROM kept k
CROSS JOIN now n
CROSS JOIN clock t
WHERE k.oldest IS NOT NULL AND n.key IS NOT NULL
