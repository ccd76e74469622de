-- Half-terms of which at least one week's people are gone: theme_weeks still counts them, pupil_days no longer names them. A figure
-- that needs them can't be given for such a half-term; a zero would be false.
SELECT DISTINCT w.school_id, w.academic_year, w.period_no
FROM term_weeks w
JOIN (SELECT DISTINCT t.school_id, t.event_date FROM theme_weeks t) t ON t.school_id = w.school_id AND t.event_date = w.week
LEFT JOIN (
    SELECT DISTINCT p.school_id, CAST(date_trunc('week', p.event_date) AS DATE) AS week FROM pupil_days p
) p ON p.school_id = w.school_id AND p.week = w.week
WHERE p.week IS NULL
