-- id: search_visible_share
-- title: Search pages whose term can be read
-- version: 1
-- reads: `stale_events`
-- gives: numerator: search pages with a term; denominator: search pages; no further dimension
-- note: a search page is a page of a search engine, or of a site's own search, whether or not its term can be seen. Requests that a
--       page sends while someone types are furniture.
SELECT e.event_date, e.school_id, e.source_id,
       count(e.search_term) AS numerator,
       count(*) AS denominator
FROM stale_events e
WHERE e.kind = 'web'
  AND e.furniture = false
  AND e.search_engine IS NOT NULL
GROUP BY e.event_date, e.school_id, e.source_id
