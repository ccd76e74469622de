-- An indicator that gives the sums of each half-term or week itself, because its cells don't add up.
given AS (
{cells}
),
sums AS (
    SELECT g.key, coalesce(g.dimension, '') AS dimension, coalesce(g.part, '') AS part,
           CAST(g.numerator AS DOUBLE) AS numerator, CAST(g.denominator AS DOUBLE) AS denominator, CAST(g.value AS DOUBLE) AS value,
           {comparable} AS comparable, {people} AS people, CAST(NULL AS DOUBLE) AS dispersion
    FROM given g
)
