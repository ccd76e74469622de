-- id: evidence_fields
-- title: Requests stopped with the five things that an inspector asks for
-- version: 1
-- reads: `stale_events`
-- gives: dimensions `kind` (web, dns) and `field`: all, address, device, person, content; numerator: blocked requests that have it;
--        denominator: blocked requests
-- note: the fifth thing is the time, which every row has. Content is the search term or the site; a shared sign-in or a device is no
--       person.
WITH counted AS (
    SELECT e.event_date, e.school_id, e.source_id, e.kind,
           count(*) AS stopped,
           count(*) FILTER (WHERE e.src_ip IS NOT NULL) AS address,
           count(*) FILTER (WHERE e.device_key IS NOT NULL) AS device,
           count(*) FILTER (WHERE e.user_key IS NOT NULL AND e.user_type NOT IN ('shared', 'device')) AS person,
           count(*) FILTER (WHERE e.search_term IS NOT NULL OR e.host IS NOT NULL) AS content,
           count(*) FILTER (WHERE e.src_ip IS NOT NULL AND e.device_key IS NOT NULL
                              AND e.user_key IS NOT NULL AND e.user_type NOT IN ('shared', 'device')
                              AND (e.search_term IS NOT NULL OR e.host IS NOT NULL)) AS every_field
    FROM stale_events e
    WHERE e.kind IN ('web', 'dns')
      AND e.furniture = false
      AND e.action = 'blocked'
    GROUP BY e.event_date, e.school_id, e.source_id, e.kind
)
SELECT c.event_date, c.school_id, c.source_id, c.kind, f.field,
       CASE f.field WHEN 'address' THEN c.address WHEN 'device' THEN c.device WHEN 'person' THEN c.person WHEN 'content' THEN c.content
                    ELSE c.every_field END AS numerator,
       c.stopped AS denominator
FROM counted c
CROSS JOIN (VALUES ('all'), ('address'), ('device'), ('person'), ('content')) AS f(field)
