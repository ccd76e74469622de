-- id: out_of_hours
-- title: What came up outside school hours?
-- explanation: Themes that came up outside the school's hours, weekends included, with how many pupils. Ask who would see this, and
--     when.
-- limits: Boarders and clubs are here too. Devices that leave the school's filter at home are missing.
-- audience: dsl, head
-- parameter: from | date | 6 days ago | First day
-- parameter: to | date | today | Last day
-- chart: bars about pupils
-- version: 1
SELECT coalesce(t.title, p.topic) AS about, count(DISTINCT p.user_key) AS pupils, sum(p.out_of_hours) AS outside_school_hours,
       sum(p.requests) AS all_requests, max(p.severity) AS severity
FROM pupil_days p
LEFT JOIN themes t ON t.theme = p.topic
WHERE p.school_id = $school AND p.user_type = 'pupil' AND p.severity >= 1 AND p.out_of_hours > 0
  AND p.event_date BETWEEN $from AND $to
GROUP BY p.topic, t.title
ORDER BY pupils DESC, about
