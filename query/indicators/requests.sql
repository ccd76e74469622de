-- id: requests
-- title: Requests seen
-- question: How much use of the internet do we see?
-- standard: DfE filtering and monitoring standard 3
-- unit: per pupil a day
-- numerator: decisions on school days
-- denominator: pupils on roll x school days with logs
-- exclusions: background traffic; days outside term
-- audience: governor, dsl, technician
-- version: 1
-- caveat: volume is not risk
-- means: How many pages and other requests we saw, shared out over the pupils on roll. A sudden fall often means that logs are missing.
-- ask: has anything changed in how pupils use devices?
WITH weekly AS (
    SELECT d.period_no, d.week,
           CAST(sum(h.requests) AS DOUBLE) AS n,
           CAST(max(d.days) AS DOUBLE) AS d
    FROM (SELECT h.school_id, h.event_date, sum(h.requests) AS requests
          FROM decided_days h WHERE h.school_id = $school GROUP BY h.school_id, h.event_date) h
    JOIN (SELECT s.school_id, s.date, s.period_no, s.week,
                 sum(CASE WHEN s.has_logs THEN 1 ELSE 0 END) OVER (PARTITION BY s.period_no, s.week) * r.pupils AS days
          FROM seen_days s
          JOIN pupils r ON r.school_id = s.school_id AND r.academic_year = s.academic_year
          WHERE s.school_id = $school AND s.academic_year = $year AND s.is_past) d
      ON d.school_id = h.school_id AND d.date = h.event_date
    GROUP BY d.period_no, d.week
),
share AS (
    SELECT w.period_no, sum(w.n) AS n, sum(w.d) AS d FROM weekly w GROUP BY w.period_no
),
spread AS (
    SELECT w.period_no,
           greatest(1.0, sum(power(w.n - w.d * s.n / s.d, 2) / (w.d * s.n / s.d)) / nullif(count(*) - 1, 0)) AS dispersion
    FROM weekly w
    JOIN share s ON s.period_no = w.period_no
    WHERE s.n > 0 AND w.d > 0
    GROUP BY w.period_no
)
SELECT p.school_id, p.academic_year, p.period_no, p.label, p.start_date, p.end_date, p.school_days, p.past_days, p.counted_days,
       p.logged_days, p.pupils,
       s.n AS numerator, s.d AS denominator, 1.0 * s.n / nullif(s.d, 0) AS value, v.dispersion
FROM periods p
LEFT JOIN share s ON s.period_no = p.period_no
LEFT JOIN spread v ON v.period_no = p.period_no
WHERE p.school_id = $school AND p.academic_year = $year
ORDER BY p.period_no
