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
-- caveat: what wholly escapes the filter is not logged
-- means: Of every 100 requests for a VPN, a proxy or the like that we could see, this many went through.
-- ask: would we see one that worked?
WITH weekly AS (
    SELECT d.period_no, d.week,
           CAST(sum(CASE WHEN h.action IN ('allowed', 'overridden') THEN h.requests ELSE 0 END) AS DOUBLE) AS n,
           CAST(sum(h.requests) AS DOUBLE) AS d
    FROM decided_days h
    JOIN seen_days d ON d.school_id = h.school_id AND d.date = h.event_date
    WHERE h.school_id = $school AND d.academic_year = $year AND d.is_past
      AND h.logs_allowed
      AND h.category IN ('circumvention', 'encrypted_dns', 'remote_access')
      AND NOT (h.category = 'remote_access' AND h.user_type = 'staff')
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
       s.n AS numerator, s.d AS denominator, 100.0 * s.n / nullif(s.d, 0) AS value, v.dispersion
FROM periods p
LEFT JOIN share s ON s.period_no = p.period_no
LEFT JOIN spread v ON v.period_no = p.period_no
WHERE p.school_id = $school AND p.academic_year = $year
ORDER BY p.period_no
