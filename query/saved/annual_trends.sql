-- id: annual_trends
-- title: How did the year go, theme by theme?
-- explanation: For each theme and half-term: how many of every 100 pupils searched for it or met a page about it in a school week,
--     beside the same half-term of the year before.
-- limits: A search may be homework. A new filter, new devices or days without logs change a figure too: days with logs stand beside
--     it. Figures of under 20 pupils on roll are left out. For readers inside the school: small numbers are not hidden.
-- audience: dsl, head
-- parameter: year | year | this year | Academic year
-- chart: line half_term pupils_in_every_100 theme year_before
-- version: 1
WITH weeks AS (
    SELECT d.academic_year, d.week, min(d.period_no) AS period_no
    FROM seen_days d
    WHERE d.school_id = $school AND d.academic_year IN ($year, $last_year) AND d.is_past
    GROUP BY d.academic_year, d.week
),
counted AS (
    SELECT w.academic_year, w.period_no, t.topic, CAST(sum(t.people) AS DOUBLE) AS pupil_weeks,
           CAST(coalesce(sum(t.people) FILTER (WHERE t.since = 'always' OR t.since <= $last_year), 0) AS DOUBLE) AS comparable
    FROM theme_weeks t
    JOIN weeks w ON w.week = t.event_date
    WHERE t.school_id = $school AND t.user_type = 'pupil' AND t.topic NOT IN ('ai_assistant', 'help_seeking')
      AND (t.since = 'always' OR t.since <= w.academic_year)
    GROUP BY w.academic_year, w.period_no, t.topic
),
topics AS (
    SELECT DISTINCT c.topic FROM counted c
),
rates AS (
    SELECT p.academic_year, p.period_no, p.label, p.past_days, p.logged_days, p.counted_days, t.topic,
           CASE WHEN p.logged_days > 0 THEN coalesce(c.pupil_weeks, 0) END AS pupil_weeks,
           CASE WHEN p.logged_days > 0 AND p.pupils >= 20
                THEN 100.0 * coalesce(c.pupil_weeks, 0) / (p.pupils * p.logged_days / 5.0) END AS rate,
           CASE WHEN p.logged_days > 0 AND p.pupils >= 20
                THEN 100.0 * coalesce(c.comparable, 0) / (p.pupils * p.logged_days / 5.0) END AS comparable
    FROM periods p
    CROSS JOIN topics t
    LEFT JOIN counted c ON c.academic_year = p.academic_year AND c.period_no = p.period_no AND c.topic = t.topic
    WHERE p.school_id = $school AND p.academic_year IN ($year, $last_year)
)
SELECT coalesce(n.title, r.topic) AS theme, r.label AS half_term, round(r.rate, 2) AS pupils_in_every_100,
       round(b.rate, 2) AS year_before, round(r.comparable / nullif(b.rate, 0), 2) AS times_year_before,
       CAST(r.pupil_weeks AS BIGINT) AS pupil_weeks,
       CASE WHEN r.past_days > 0 THEN r.logged_days END AS days_with_logs, CASE WHEN r.past_days > 0 THEN r.counted_days END AS school_days
FROM rates r
LEFT JOIN rates b ON b.academic_year = $last_year AND b.period_no = r.period_no AND b.topic = r.topic
LEFT JOIN themes n ON n.theme = r.topic
WHERE r.academic_year = $year
ORDER BY theme, r.period_no
