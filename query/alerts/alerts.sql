-- id: alerts
-- title: What may need a person today
-- version: 1
-- reads: `events`; `categories`, `schools`, `school_days`
-- parameters: from | date, to | date
-- gives: one row an event that may raise an alert or join one: a search or monitor's finding that matched an entry, a page that somebody
--        opened or was stopped from, what is listed as illegal. What they come to together is decided in `alerts/join.rs`.
-- note: a category alone counts only where more than the host was seen and nothing loaded it by itself; names asked for (DNS), programs
--       and bare sessions never count. What is listed as illegal counts where only its host was seen, and child abuse images also where
--       a page loaded them.
-- note: staff are not pupils: of them only what is illegal. Of a sign-in that is no one person's, what is illegal and what is most severe.
-- note: a search that is the beginning of the same person's next one within 10 seconds was still being typed, and is left out
WITH events_of AS (
    SELECT e.school_id, e.event_time, e.event_date, e.user_key, e.user_type, e.device_key, e.kind, e.action, e.format_id, e.vendor_category,
           e.host, e.category, e.theme, e.help_seeking, e.search_engine, e.search_term, e.concern_id,
           coalesce(e.concern_severity, 0) AS entry_severity, coalesce(c.severity, 0) AS category_severity,
           coalesce(e.category IN ('csam', 'terrorism', 'illegal_other', 'ai_undress'), false) AS is_illegal, e.furniture,
           e.url_path IS NOT NULL AND (e.scheme IS NULL OR e.scheme <> 'https' OR coalesce(e.tls_inspected, false)) AS is_page,
           e.file_id, e.line_no
    FROM events e
    LEFT JOIN categories c ON c.category = e.category
    WHERE e.event_date BETWEEN $from AND $to AND e.kind IN ('web', 'concern')
      AND (e.search_term IS NOT NULL OR e.concern_severity >= 2 OR c.severity >= 2)
),
candidates AS (
    SELECT o.*,
           CASE WHEN o.is_illegal THEN 'listed' WHEN o.kind = 'concern' THEN 'monitor' WHEN o.search_term IS NOT NULL THEN 'search' ELSE 'page' END AS what
    FROM events_of o
    WHERE (o.is_illegal AND o.kind = 'web' AND (NOT o.furniture OR o.category = 'csam'))
       OR (o.user_type = 'pupil' AND o.user_key IS NOT NULL AND o.theme IS NOT NULL AND NOT o.furniture
           AND (o.entry_severity >= 2 OR (o.kind = 'web' AND o.search_term IS NULL AND o.is_page AND o.category_severity >= 2)))
       OR (o.user_type = 'staff' AND o.theme = 'illegal' AND o.entry_severity >= 3 AND NOT o.furniture)
       OR (o.user_type NOT IN ('pupil', 'staff') AND o.theme IS NOT NULL AND o.entry_severity >= 4 AND NOT o.furniture)
),
typists AS (
    SELECT DISTINCT c.school_id, c.user_key FROM candidates c WHERE c.what = 'search' AND c.user_key IS NOT NULL
),
typing AS (
    SELECT o.file_id, o.line_no, o.search_term, o.event_time,
           lead(o.search_term) OVER typed AS next_term, lead(o.event_time) OVER typed AS next_time
    FROM events_of o
    JOIN typists t ON t.school_id = o.school_id AND t.user_key = o.user_key
    WHERE o.search_term IS NOT NULL AND NOT o.furniture
    WINDOW typed AS (
        PARTITION BY o.school_id, o.user_key, coalesce(o.search_engine, '') ORDER BY o.event_time, o.search_term, o.line_no
    )
),
unfinished AS (
    SELECT y.file_id, y.line_no FROM typing y
    WHERE starts_with(y.next_term, y.search_term) AND y.next_term <> y.search_term AND y.next_time - y.event_time <= INTERVAL '10 seconds'
)
SELECT c.school_id, CAST(c.event_time AS BIGINT) AS at, c.event_date AS day, c.user_key, c.user_type, c.device_key, c.what, c.kind, c.is_illegal,
       c.format_id, c.vendor_category, c.host, c.category, coalesce(c.theme, 'illegal') AS theme, c.help_seeking, c.search_term, c.concern_id,
       c.entry_severity, CASE WHEN c.what = 'page' OR c.is_illegal THEN c.category_severity ELSE 0 END AS category_severity,
       c.file_id, c.line_no, d.date IS NOT NULL AS is_school_day, s.timezone, s.hours_from, s.hours_to
FROM candidates c
JOIN schools s ON s.school_id = c.school_id
LEFT JOIN school_days d ON d.school_id = c.school_id AND d.date = c.event_date
LEFT ANTI JOIN unfinished u ON u.file_id = c.file_id AND u.line_no = c.line_no
ORDER BY c.school_id, at, c.file_id, c.line_no
