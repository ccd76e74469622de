-- id: pupil_days
-- title: People a day, source and topic
-- version: 1
-- reads: `stale_events`; `categories`, `lexicon_since`, `schools`, `school_days`
-- gives: one row a person, day, source, topic and `since`; topics are themes and watched categories (AI assistants)
-- note: a search that is a prefix of the next by the same person and engine within 10 seconds was still being typed, and a term that
--       the same person searched at most 15 minutes before is the same search: both are furniture here. The same term again is a
--       prefix too (a blank at its end leaves it as it was), unless the first was refused and the second not. Of equal times the
--       shorter term comes first, because many logs know whole seconds, and line numbers say nothing once a log is cut into files.
--       A term that gets shorter is a search of its own: nobody can tell it from one that was meant. Shared sign-ins and devices
--       are no person. Severity of a theme is at least 1; help-seeking and watched categories are 0, never a concern,
--       searched for or not.
-- note: neighbours are looked at in one sorted run with the person as a column, not in a partition a person: the engine's cost of a
--       partition is that of a hundred rows, and there is one a pupil, day and source
WITH seen AS (
    SELECT concat(e.school_id, ' ', e.source_id, ' ', CAST(e.event_date AS INT), ' ', e.user_key) AS person,
           e.event_time, e.event_date, e.school_id, e.source_id, e.kind, e.action, e.user_key, e.user_type, e.year_group,
           e.category, e.theme, e.other_themes, e.help_seeking, coalesce(e.search_engine, '') AS search_engine, e.search_term,
           e.concern_id, e.concern_severity, e.line_no
    FROM stale_events e
    WHERE e.furniture = false
      AND e.kind IN ('web', 'dns', 'concern')
      AND e.user_key IS NOT NULL
      AND e.user_type NOT IN ('shared', 'device')
      AND (e.theme IS NOT NULL OR e.search_term IS NOT NULL OR e.help_seeking OR e.category = 'ai_assistant')
),
typing AS (
    SELECT seen.*,
           lead(person) OVER typed AS next_person,
           lead(search_engine) OVER typed AS next_engine,
           lead(search_term) OVER typed AS next_term,
           lead(event_time) OVER typed AS next_time,
           lead(coalesce(action IN ('blocked', 'warned'), false)) OVER typed AS next_refused
    FROM seen
    WINDOW typed AS (
        ORDER BY person, search_term IS NULL, search_engine, event_time, search_term, coalesce(action, ''), line_no
    )
),
finished AS (
    SELECT typing.*,
           lag(person) OVER same AS person_before,
           lag(search_term) OVER same AS term_before,
           lag(event_time) OVER same AS time_before
    FROM typing
    WHERE search_term IS NULL
       OR next_term IS NULL
       OR next_person <> person
       OR next_engine <> search_engine
       OR (next_term = search_term AND action IN ('blocked', 'warned') AND NOT next_refused)
       OR NOT starts_with(next_term, search_term)
       OR next_time - event_time > INTERVAL '10 seconds'
    WINDOW same AS (ORDER BY person, search_term, event_time, line_no)
),
kept AS (
    SELECT f.event_time, f.event_date, f.school_id, f.source_id, f.action, f.kind, f.user_key, f.user_type, f.year_group,
           f.theme, f.search_term,
           coalesce(l.since, c.since, 'always') AS since,
           coalesce(f.concern_severity, 0) AS concern_severity,
           greatest(coalesce(f.concern_severity, 0), coalesce(c.severity, 0), 1) AS severity,
           d.date IS NOT NULL
               AND date_part('hour', arrow_cast(f.event_time, 'Timestamp(Microsecond, Some("{zone}"))')) * 60
                   + date_part('minute', arrow_cast(f.event_time, 'Timestamp(Microsecond, Some("{zone}"))'))
                   BETWEEN CAST(left(o.hours_from, 2) AS INT) * 60 + CAST(right(o.hours_from, 2) AS INT)
                       AND CAST(left(o.hours_to, 2) AS INT) * 60 + CAST(right(o.hours_to, 2) AS INT) - 1 AS in_school_hours,
           array_distinct(array_remove_all(array_concat(
               make_array(coalesce(arrow_cast(f.theme, 'Utf8'), '')),
               coalesce(f.other_themes, make_array(arrow_cast('', 'Utf8'))),
               make_array(CASE WHEN f.help_seeking THEN arrow_cast('help_seeking', 'Utf8') ELSE '' END),
               make_array(CASE WHEN f.category = 'ai_assistant' THEN arrow_cast('ai_assistant', 'Utf8') ELSE '' END)
           ), '')) AS topics
    FROM finished f
    LEFT JOIN lexicon_since l ON l.concern_id = f.concern_id
    LEFT JOIN categories c ON c.category = f.category
    LEFT JOIN schools o ON o.school_id = f.school_id
    LEFT JOIN school_days d ON d.school_id = f.school_id AND d.date = f.event_date
    WHERE (f.search_term IS NULL
           OR f.time_before IS NULL
           OR f.person_before <> f.person
           OR f.term_before IS NULL
           OR f.term_before <> f.search_term
           OR f.event_time - f.time_before > INTERVAL '15 minutes')
      AND (f.theme IS NOT NULL OR f.help_seeking OR f.category = 'ai_assistant')
),
topical AS (
    SELECT kept.*, unnest(kept.topics) AS topic FROM kept
)
SELECT event_date, school_id, source_id, user_key, user_type, year_group, topic, since,
       CAST(max(CASE WHEN topic IN ('ai_assistant', 'help_seeking') THEN 0 WHEN topic = theme THEN severity ELSE 1 END) AS INT) AS severity,
       CAST(max(CASE WHEN search_term IS NOT NULL AND topic = theme AND topic <> 'help_seeking' THEN concern_severity ELSE 0 END) AS INT)
           AS search_severity,
       count(*) AS requests,
       count(*) FILTER (WHERE action IN ('blocked', 'warned')) AS blocked,
       count(*) FILTER (WHERE search_term IS NOT NULL) AS searches,
       count(*) FILTER (WHERE search_term IS NULL AND kind = 'web' AND action IN ('allowed', 'overridden')) AS opened,
       count(*) FILTER (WHERE NOT in_school_hours) AS out_of_hours,
       min(event_time) AS first_time,
       max(event_time) AS last_time
FROM topical
GROUP BY event_date, school_id, source_id, user_key, user_type, year_group, topic, since
