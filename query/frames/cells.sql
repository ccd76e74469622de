-- From an indicator's cells, one a day or week, to the sums of each half-term or week, and how much its weeks vary.
cells AS (
{cells}
),
placed AS (
    SELECT m.{key} AS key, m.week, coalesce(c.dimension, '') AS dimension, coalesce(c.part, '') AS part,
           CAST(c.numerator AS DOUBLE) AS numerator, CAST(c.denominator AS DOUBLE) AS denominator,
           {comparable} AS comparable, {people} AS people
    FROM cells c
    JOIN marked m ON m.day = c.day
),
added AS (
    SELECT p.key, p.dimension, p.part, sum(p.numerator) AS numerator, sum(p.denominator) AS denominator,
           sum(p.comparable) AS comparable, max(p.people) AS people
    FROM placed p
    GROUP BY p.key, p.dimension, p.part
),
weekly AS (
    SELECT p.key, p.dimension, p.part, p.week, sum(p.numerator) AS n, sum(p.denominator) AS d
    FROM placed p
    GROUP BY p.key, p.dimension, p.part, p.week
),
spread AS (
    SELECT w.key, w.dimension, w.part,
           CASE WHEN count(*) > 1 THEN
               greatest(1.0, sum(power(w.n - w.d * a.numerator / a.denominator, 2) / (w.d * a.numerator / a.denominator)) / (count(*) - 1))
           END AS dispersion
    FROM weekly w
    JOIN added a ON a.key = w.key AND a.dimension = w.dimension AND a.part = w.part
    WHERE a.numerator > 0 AND w.d > 0
    GROUP BY w.key, w.dimension, w.part
),
sums AS (
    SELECT a.key, a.dimension, a.part, a.numerator, a.denominator, {value} AS value, a.comparable, a.people, s.dispersion
    FROM added a
    LEFT JOIN spread s ON s.key = a.key AND s.dimension = a.dimension AND s.part = a.part
)
