-- id: new_sites_in_theme
-- title: Which sites are new in this theme this week?
-- explanation: Sites of one theme that pupils asked for this week and not in the four weeks before.
-- limits: New here, not new in the world. Sites listed as illegal are not named, nor are private support sites.
-- audience: dsl
-- parameter: theme | theme | circumvention | Theme
-- parameter: week | week | this week | School week
-- chart: none
-- version: 1
WITH seen AS (
    SELECT coalesce(d.domain, d.host) AS site, d.event_date, d.action, d.user_key
    FROM decisions d
    WHERE d.school_id = $school AND d.event_date BETWEEN $week - INTERVAL '28 days' AND $week_end AND d.user_type = 'pupil'
      AND d.search_term IS NULL AND (d.theme = $theme OR array_has(d.other_themes, $theme))
)
SELECT s.site, count(DISTINCT s.user_key) AS pupils, count(*) AS requests,
       count(*) FILTER (WHERE s.action IN ('blocked', 'warned')) AS stopped, min(s.event_date) AS first_day
FROM seen s
WHERE s.site IS NOT NULL AND s.site <> 'address not shown'
GROUP BY s.site
HAVING min(s.event_date) >= $week
ORDER BY pupils DESC, requests DESC, s.site
