-- id: overrides
-- title: Sites where someone went past a block or a warning
-- version: 1
-- reads: `stale_events`
-- gives: dimensions `kind`, `category`, `domain`, `profile`, `user_type`; numerator: requests overridden; denominator: requests
--        blocked, warned or overridden there
-- note: the share over everything comes from activity_hourly; these cells say what was gone past, so that a bypass on record can be set
--       against it. A site that nobody went past has no cell.
SELECT e.event_date, e.school_id, e.source_id, e.kind, e.category, e.domain, e.profile, e.user_type,
       count(*) FILTER (WHERE e.action = 'overridden') AS numerator,
       count(*) AS denominator
FROM stale_events e
WHERE e.kind IN ('web', 'dns')
  AND e.furniture = false
  AND e.action IN ('blocked', 'warned', 'overridden')
GROUP BY e.event_date, e.school_id, e.source_id, e.kind, e.category, e.domain, e.profile, e.user_type
HAVING count(*) FILTER (WHERE e.action = 'overridden') > 0
