-- figures with the dimensions that indicators ask for as columns. Values hold no quotation mark: they are written \u0022.
SELECT f.event_date, f.school_id, f.source_id, f.indicator, f.version, f.numerator, f.denominator,
       nullif(split_part(split_part(f.dimensions, '"kind":"', 2), '"', 1), '') AS kind,
       nullif(split_part(split_part(f.dimensions, '"part":"', 2), '"', 1), '') AS part,
       nullif(split_part(split_part(f.dimensions, '"field":"', 2), '"', 1), '') AS field,
       nullif(split_part(split_part(f.dimensions, '"domain":"', 2), '"', 1), '') AS domain,
       nullif(split_part(split_part(f.dimensions, '"category":"', 2), '"', 1), '') AS category,
       nullif(split_part(split_part(f.dimensions, '"user_type":"', 2), '"', 1), '') AS user_type,
       nullif(split_part(split_part(f.dimensions, '"action":"', 2), '"', 1), '') AS action,
       nullif(split_part(split_part(f.dimensions, '"within_minutes":"', 2), '"', 1), '') AS within_minutes
FROM figures f
