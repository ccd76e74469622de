-- Distinct people behind each sum, and how much of it is the most active one's.
named AS (
{persons}
),
each AS (
    SELECT m.{key} AS key, coalesce(n.dimension, '') AS dimension, coalesce(n.part, '') AS part, n.person, sum(n.share) AS share
    FROM named n
    JOIN marked m ON m.day = n.day
    GROUP BY m.{key}, coalesce(n.dimension, ''), coalesce(n.part, ''), n.person
),
people AS (
    SELECT e.key, e.dimension, e.part, count(*) AS people, max(e.share) AS most_active
    FROM each e
    GROUP BY e.key, e.dimension, e.part
)
