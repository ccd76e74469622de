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
-- caveat: shared sign-ins count as not identified
-- means: Of every 100 requests that we could read, this many are tied to one person. The rest came from shared sign-ins or devices nobody signed in to: concerns among them belong to nobody.
-- ask: which devices or classes share a sign-in, and will that change?
WITH weekly AS (
    SELECT d.period_no, d.week,
           CAST(sum(h.identified) AS DOUBLE) AS n,
           CAST(sum(h.requests) AS DOUBLE) AS d
    FROM decided_days h
    JOIN seen_days d ON d.school_id = h.school_id AND d.date = h.event_date
    WHERE h.school_id = $school AND d.academic_year = $year AND d.is_past
      AND h.user_type <> 'guest'
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
