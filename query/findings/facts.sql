-- What schools.csv and rolls.csv say of schools.
SELECT s.school_id, s.name, s.phase, s.nation, s.urn, s.governing_body, s.trust, s.authority, r.pupils
FROM schools s
LEFT JOIN pupils r ON r.school_id = s.school_id AND r.academic_year = $year
ORDER BY s.school_id
