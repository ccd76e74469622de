-- id: safe_search_share
-- title: Searches by whether safe search was on
-- version: 1
-- reads: `stale_events`
-- gives: dimension `part`: locked, not_locked, cannot_tell; numerator: searches of that part; denominator: searches
-- note: only engines with a mark of their own: Google, Bing and Yahoo. Locked is a mark in the address or the engine's locked host; not
--       locked is the mark that switches it off. Anything else can't be told: the query of an address is kept only where the row was
--       stopped or is a concern, and locking by name service or by header leaves no mark in an address at all.
WITH marked AS (
    SELECT e.event_date, e.school_id, e.source_id,
           CASE WHEN e.search_engine = 'google' AND (e.host = 'forcesafesearch.google.com' OR concat('&', e.url_query, '&') LIKE '%&safe=active&%')
                  OR e.search_engine = 'bing' AND (e.host = 'strict.bing.com' OR concat('&', e.url_query, '&') LIKE '%&adlt=strict&%')
                  OR e.search_engine = 'yahoo' AND concat('&', e.url_query, '&') LIKE '%&vm=r&%' THEN 'locked'
                WHEN e.search_engine = 'google' AND concat('&', e.url_query, '&') LIKE '%&safe=off&%'
                  OR e.search_engine = 'bing' AND concat('&', e.url_query, '&') LIKE '%&adlt=off&%'
                  OR e.search_engine = 'yahoo' AND concat('&', e.url_query, '&') LIKE '%&vm=p&%' THEN 'not_locked'
                ELSE 'cannot_tell' END AS part
    FROM stale_events e
    WHERE e.kind = 'web'
      AND e.furniture = false
      AND e.search_engine IN ('google', 'bing', 'yahoo')
),
counted AS (
    SELECT m.event_date, m.school_id, m.source_id,
           count(*) AS searches,
           count(*) FILTER (WHERE m.part = 'locked') AS locked,
           count(*) FILTER (WHERE m.part = 'not_locked') AS not_locked
    FROM marked m
    GROUP BY m.event_date, m.school_id, m.source_id
)
SELECT c.event_date, c.school_id, c.source_id, p.part,
       CASE p.part WHEN 'locked' THEN c.locked WHEN 'not_locked' THEN c.not_locked ELSE c.searches - c.locked - c.not_locked END AS numerator,
       c.searches AS denominator
FROM counted c
CROSS JOIN (VALUES ('locked'), ('not_locked'), ('cannot_tell')) AS p(part)
