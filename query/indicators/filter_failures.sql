-- id: filter_failures
-- title: Let through, policy says block
-- question: Does the filter block what we decided it must?
-- standard: DfE filtering and monitoring standard 3; KCSIE
-- unit: in every 10 000 requests
-- numerator: decisions allowed in categories that policy blocks
-- denominator: decisions that policy speaks of
-- exclusions: background traffic; requests that someone overrode after a warning; days outside term
-- audience: governor, dsl, technician
-- version: 1
-- caveat: a site in the wrong category looks the same: IT support checks the sites
-- means: Requests that our policy says to block and the filter let through. A few can be sites that the filter puts in the wrong category.
-- ask: which sites were these, who changes the filter, and by when?
WITH weekly AS (
    SELECT d.period_no, d.week,
           CAST(sum(CASE WHEN h.action = 'allowed' AND h.expected = 'block' THEN h.requests ELSE 0 END) AS DOUBLE) AS n,
           CAST(sum(h.requests) AS DOUBLE) AS d
    FROM judged_days h
    JOIN seen_days d ON d.school_id = h.school_id AND d.date = h.event_date
    WHERE h.school_id = $school AND d.academic_year = $year AND d.is_past
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
       s.n AS numerator, s.d AS denominator, 10000.0 * s.n / nullif(s.d, 0) AS value, v.dispersion
FROM periods p
LEFT JOIN share s ON s.period_no = p.period_no
LEFT JOIN spread v ON v.period_no = p.period_no
WHERE p.school_id = $school AND p.academic_year = $year
ORDER BY p.period_no
