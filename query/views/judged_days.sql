-- decided_days with what policy expected of that category for that profile or user type on that day; rows no policy speaks of are absent.
WITH kinds AS (
    SELECT DISTINCT h.school_id, h.event_date, coalesce(h.profile, '') AS profile, h.user_type, h.category
    FROM decided_days h
    WHERE h.category IS NOT NULL
),
matched AS (
    SELECT k.school_id, k.event_date, k.profile, k.user_type, k.category, p.expected,
           row_number() OVER (PARTITION BY k.school_id, k.event_date, k.profile, k.user_type, k.category ORDER BY p.precedence) AS place
    FROM kinds k
    JOIN policy p
      ON p.school_id = k.school_id AND p.category = k.category
     AND (p.profile_or_user_type IS NULL OR lower(p.profile_or_user_type) = lower(k.profile) OR lower(p.profile_or_user_type) = k.user_type)
     AND (p.valid_from IS NULL OR p.valid_from <= k.event_date)
     AND (p.valid_to IS NULL OR p.valid_to >= k.event_date)
)
SELECT h.school_id, h.event_date, h.source_id, h.profile, h.user_type, h.year_group, h.category, h.action, h.logs_allowed, h.requests,
       m.expected
FROM decided_days h
JOIN matched m
  ON m.school_id = h.school_id AND m.event_date = h.event_date AND m.profile = coalesce(h.profile, '')
 AND m.user_type = h.user_type AND m.category = h.category AND m.place = 1
