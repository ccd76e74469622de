-- id: ai_first_seen
-- title: AI tools asked for a day
-- version: 1
-- reads: `stale_events`
-- gives: dimensions `kind`, `category`, `domain`, `profile`, `user_type`, `action`; numerator: requests; denominator: requests of that
--        source to that domain on that day
-- note: the first day of a domain is the earliest of its cells, whatever the order in which days were read. What a page embeds is
--       furniture.
SELECT e.event_date, e.school_id, e.source_id, e.kind, e.category, e.domain, e.profile, e.user_type, e.action,
       count(*) AS numerator,
       sum(count(*)) OVER (PARTITION BY e.event_date, e.school_id, e.source_id, e.kind, e.domain) AS denominator
FROM stale_events e
WHERE e.kind IN ('web', 'dns')
  AND e.furniture = false
  AND e.domain IS NOT NULL
  AND e.category IN ('ai_assistant', 'ai_companion', 'ai_undress')
GROUP BY e.event_date, e.school_id, e.source_id, e.kind, e.category, e.domain, e.profile, e.user_type, e.action
