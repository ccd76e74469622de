-- A figure that counts no people.
people AS (
    SELECT s.key, s.dimension, s.part, CAST(NULL AS BIGINT) AS people, CAST(NULL AS DOUBLE) AS most_active FROM sums s WHERE false
)
