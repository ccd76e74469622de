-- Pupils on roll a school and year: the whole school as `*`, and each year group that rolls.csv names.
SELECT p.school_id, p.academic_year, '*' AS year_group, p.pupils FROM pupils p
UNION ALL
SELECT r.school_id, r.academic_year, r.year_group, CAST(sum(r.pupils) AS INT) AS pupils
FROM rolls r
WHERE r.year_group <> '*'
GROUP BY r.school_id, r.academic_year, r.year_group
