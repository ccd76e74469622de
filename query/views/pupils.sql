-- Pupils on roll a school and year: the whole-school row where there is one, otherwise the year groups summed.
SELECT r.school_id, r.academic_year,
       CAST(coalesce(max(r.pupils) FILTER (WHERE r.year_group = '*'), sum(r.pupils) FILTER (WHERE r.year_group <> '*')) AS INT) AS pupils
FROM rolls r
GROUP BY r.school_id, r.academic_year
