-- One row a school week of a year: its school days, those past, those with logs, and pupil-weeks of a topic: all, and those of what
-- already counted the year before.
WITH days AS (
    SELECT d.week, min(d.period_no) AS period_no, min(d.date) AS first_day, max(d.date) AS last_day,
           count(*) AS school_days,
           count(*) FILTER (WHERE d.is_past) AS past_days,
           count(*) FILTER (WHERE d.has_logs) AS logged_days
    FROM seen_days d
    WHERE d.school_id = $school AND d.academic_year = $year
    GROUP BY d.week
),
counted AS (
    SELECT t.event_date AS week,
           sum(t.people) FILTER (WHERE t.since = 'always' OR t.since <= $year) AS people,
           sum(t.people) FILTER (WHERE t.since = 'always' OR t.since <= $known_in) AS comparable
    FROM theme_weeks t
    WHERE t.school_id = $school AND t.user_type = 'pupil' AND t.topic = $topic
    GROUP BY t.event_date
)
SELECT w.week, w.period_no, w.first_day, w.last_day, w.school_days, w.past_days, w.logged_days, r.pupils,
       coalesce(c.people, 0) AS people, coalesce(c.comparable, 0) AS comparable
FROM days w
LEFT JOIN counted c ON c.week = w.week
LEFT JOIN pupils r ON r.school_id = $school AND r.academic_year = $year
ORDER BY w.week
