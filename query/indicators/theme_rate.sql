-- id: theme_rate
-- title: Theme rate
-- question: What are pupils reaching for, and is it rising?
-- standard: KCSIE: filtering and monitoring; DfE monitoring standard 4
-- unit: pupils in every 100 in a school week
-- numerator: pupil-weeks: one pupil with at least one event of the theme in one school week, weekends of that week included
-- denominator: pupils on roll x school weeks (school days with logs / 5)
-- exclusions: staff, guests and unidentified people; days without logs, on both sides; help-seeking, which is never a breach
-- audience: governor, dsl
-- version: 1
-- caveat: a search may be homework; traffic that is not tied to a person lowers it
-- means: In a school week, this many of every 100 pupils searched for this or were stopped from a page about it. It may be a game, a lesson or a worry: logs can't tell.
-- ask: what did the safeguarding lead find out?
WITH weeks AS (
    SELECT d.week, min(d.period_no) AS period_no
    FROM seen_days d
    WHERE d.school_id = $school AND d.academic_year = $year AND d.is_past
    GROUP BY d.week
),
counted AS (
    SELECT w.period_no, t.topic, w.week,
           sum(t.people) FILTER (WHERE t.since = 'always' OR t.since <= $year) AS people,
           sum(t.people) FILTER (WHERE t.since = 'always' OR t.since <= $last_year) AS comparable
    FROM theme_weeks t
    JOIN weeks w ON w.week = t.event_date
    WHERE t.school_id = $school AND t.user_type = 'pupil' AND t.topic NOT IN ('ai_assistant', 'help_seeking', 'circumvention')
    GROUP BY w.period_no, t.topic, w.week
),
rates AS (
    SELECT c.period_no, c.topic, sum(c.people) AS numerator, sum(c.comparable) AS comparable, max(c.people) AS most_in_a_week
    FROM counted c
    GROUP BY c.period_no, c.topic
),
persons AS (
    SELECT w.period_no, o.topic, o.user_key, count(DISTINCT w.week) AS weeks
    FROM pupil_days o
    JOIN weeks w ON w.week = CAST(date_trunc('week', o.event_date) AS DATE)
    WHERE o.school_id = $school AND o.user_type = 'pupil' AND o.severity >= 1
    GROUP BY w.period_no, o.topic, o.user_key
),
people AS (
    SELECT n.period_no, n.topic, count(*) AS people, max(n.weeks) AS most_active
    FROM persons n
    GROUP BY n.period_no, n.topic
),
topics AS (
    SELECT DISTINCT t.topic FROM theme_weeks t
    WHERE t.school_id = $school AND t.user_type = 'pupil' AND t.topic NOT IN ('ai_assistant', 'help_seeking', 'circumvention')
)
SELECT p.school_id, p.academic_year, p.period_no, p.label, p.start_date, p.end_date, p.school_days, p.past_days, p.counted_days,
       p.logged_days, p.pupils,
       t.topic AS dimension,
       CASE WHEN p.logged_days > 0 THEN CAST(coalesce(r.numerator, 0) AS DOUBLE) END AS numerator,
       CASE WHEN p.logged_days > 0 THEN p.pupils * p.logged_days / 5.0 END AS denominator,
       CASE WHEN p.logged_days > 0 THEN 100.0 * coalesce(r.numerator, 0) / nullif(p.pupils * p.logged_days / 5.0, 0) END AS value,
       CAST(coalesce(r.comparable, 0) AS DOUBLE) AS comparable,
       CAST(greatest(coalesce(n.people, 0), coalesce(r.most_in_a_week, 0)) AS BIGINT) AS people,
       CAST(n.most_active AS BIGINT) AS most_active
FROM periods p
CROSS JOIN topics t
LEFT JOIN rates r ON r.period_no = p.period_no AND r.topic = t.topic
LEFT JOIN people n ON n.period_no = p.period_no AND n.topic = t.topic
WHERE p.school_id = $school AND p.academic_year = $year
ORDER BY t.topic, p.period_no
