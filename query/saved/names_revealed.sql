-- id: names_revealed
-- title: How often was a name revealed, and under which role?
-- explanation: For each month and role: how often a key was turned back into a name, and of how many people.
-- limits: Who, whom and why stand in the audit trail, which the head reads: `weir audit list --action reveal`.
-- audience: dsl, head
-- parameter: from | date | 365 days ago | First day
-- parameter: to | date | today | Last day
-- chart: none
-- version: 1
SELECT to_char(r.day, '%Y-%m') AS month, r.role, count(*) AS times, count(DISTINCT r.person) AS people
FROM register_reveals r
WHERE r.school_id = $school AND r.day BETWEEN $from AND $to
GROUP BY to_char(r.day, '%Y-%m'), r.role
ORDER BY month, r.role
