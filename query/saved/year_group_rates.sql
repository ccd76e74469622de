-- id: year_group_rates
-- title: How do year groups differ?
-- explanation: For each theme and year group: how many of every 100 pupils searched for it or met a page about it, in a school week
--     of the half-term. For the safeguarding lead's planning, not to be passed on.
-- limits: Year groups of under 20 pupils, and those without a number on roll, have no rate. Small numbers: one friend group can make
--     a rate. A search may be homework.
-- audience: dsl
-- parameter: theme | theme | violence_weapons | Theme
-- parameter: half_term | half_term | this half-term | Half-term
-- chart: bars year_group pupils_in_every_100
-- version: 1
WITH days AS (
    SELECT count(*) FILTER (WHERE d.has_logs) AS logged FROM seen_days d
    WHERE d.school_id = $school AND d.is_past AND d.date BETWEEN $half_term_from AND $half_term_to
),
counted AS (
    SELECT w.topic, w.year_group, sum(w.people) AS pupil_weeks
    FROM theme_weeks w
    WHERE w.school_id = $school AND w.user_type = 'pupil' AND w.topic = $theme
      AND w.event_date BETWEEN CAST(date_trunc('week', $half_term_from) AS DATE) AND $half_term_to
    GROUP BY w.topic, w.year_group
)
SELECT coalesce(t.title, c.topic) AS about, coalesce(c.year_group, 'not known') AS year_group, c.pupil_weeks, r.pupils AS on_roll,
       CASE WHEN r.pupils >= 20 AND d.logged > 0 THEN round(100.0 * c.pupil_weeks / (r.pupils * d.logged / 5.0), 2) END AS pupils_in_every_100
FROM counted c
CROSS JOIN days d
LEFT JOIN rolls r ON r.school_id = $school AND r.academic_year = $half_term_year AND r.year_group = c.year_group
LEFT JOIN themes t ON t.theme = c.topic
ORDER BY about, year_group
