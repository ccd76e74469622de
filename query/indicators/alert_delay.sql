-- id: alert_delay
-- title: How late logs arrive
-- question: Do alerts reach the safeguarding lead in time?
-- standard: DfE monitoring standard 4: immediate report of high risk
-- unit: minutes
-- numerator: events read within this time, in steps
-- denominator: events read
-- exclusions: firewall sessions without a host; days outside term
-- audience: dsl, technician
-- version: 1
-- group: records
-- cells: school days, summed
-- caveat: old logs read at the start count as late; 44,641 stands for more than 31 days
-- means: Half of what was logged was read within this time, and 19 in every 20 within the longer one. Over an hour, alerts are late: keep the filter's own alerts on.
-- ask: could the filter send its log at once instead of once a day?
WITH steps AS (
    SELECT m.{key} AS key, f.source_id, CASE f.within_minutes WHEN 'more' THEN 44641 ELSE CAST(f.within_minutes AS INT) END AS minutes,
           sum(f.numerator) AS events
    FROM figure_cells f
    JOIN marked m ON m.day = f.event_date
    WHERE f.school_id = $school AND f.indicator = 'alert_delay'
    GROUP BY 1, 2, 3
),
run AS (
    SELECT s.key, s.source_id, s.minutes, sum(s.events) OVER (PARTITION BY s.key, s.source_id ORDER BY s.minutes) AS so_far,
           sum(s.events) OVER (PARTITION BY s.key, s.source_id) AS events
    FROM steps s
)
SELECT r.key, r.source_id AS dimension, p.part, min(r.so_far) AS numerator, max(r.events) AS denominator, min(r.minutes) AS value
FROM run r
JOIN (VALUES ('half', 1, 2), ('19 in 20', 19, 20)) AS p(part, share, parts) ON r.so_far * p.parts >= r.events * p.share
GROUP BY r.key, r.source_id, p.part
