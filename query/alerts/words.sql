-- What stood in the events of an alert, for whoever may read it: asked in a session, where illegal addresses and private visits are hidden.
SELECT e.file_id, e.line_no, to_char(e.local_time, '%Y-%m-%d') AS day, to_char(e.local_time, '%H:%M:%S') AS time,
       CASE WHEN e.kind = 'concern' THEN 'device monitor noticed'
            WHEN e.search_term IS NOT NULL AND e.action IN ('blocked', 'warned') THEN 'was stopped from searching for'
            WHEN e.search_term IS NOT NULL THEN 'searched for'
            WHEN e.action = 'blocked' THEN 'was stopped from'
            WHEN e.action = 'warned' THEN 'was warned about'
            WHEN e.action = 'overridden' THEN 'went past a block to'
            ELSE 'opened' END AS what,
       coalesce(e.search_term, e.host, '') AS of_what, coalesce(c.title, '') AS filter_says, e.device_key AS device
FROM events e
LEFT JOIN categories c ON c.category = e.category AND e.search_term IS NULL
WHERE e.school_id = $school AND e.event_date BETWEEN $from AND $to AND (e.theme IS NOT NULL OR e.category IS NOT NULL)
  AND (coalesce(e.user_key, e.device_key, '') = $subject OR $subject = '')
