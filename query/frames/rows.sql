-- Every half-term or week of the school's year, with what was found of it: what has no logs has no figure.
SELECT b.school_id, b.academic_year, b.period_no, b.label, b.week, b.start_date, b.end_date, b.school_days, b.past_days, b.counted_days,
       b.logged_days, b.pupils, nullif(d.kind, '') AS dimension, nullif(d.kind_part, '') AS part,
       s.numerator, s.denominator, s.value, s.comparable,
       CASE WHEN {counts_people} THEN CAST(greatest(coalesce(p.people, 0), coalesce(s.people, 0)) AS BIGINT) END AS people,
       p.most_active, s.dispersion
FROM base b
LEFT JOIN (SELECT DISTINCT x.dimension AS kind, x.part AS kind_part FROM sums x) d ON true
LEFT JOIN sums s ON s.key = b.key AND s.dimension = d.kind AND s.part = d.kind_part
LEFT JOIN people p ON p.key = b.key AND p.dimension = d.kind AND p.part = d.kind_part
ORDER BY 13, 14, b.start_date
