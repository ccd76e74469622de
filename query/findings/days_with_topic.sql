-- The past school days of a year on which any pupil met a topic, with their number in the school's count of days.
SELECT d.date, d.day_no
FROM seen_days d
JOIN (SELECT DISTINCT o.event_date FROM pupil_days o
      WHERE o.school_id = $school AND o.user_type = 'pupil' AND o.topic = $topic AND o.severity >= 1) n
  ON n.event_date = d.date
WHERE d.school_id = $school AND d.academic_year = $year AND d.is_past
ORDER BY d.date
