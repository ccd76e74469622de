-- id: requests_waiting
-- title: Which requests for a site or a bypass wait for a decision?
-- explanation: Each request that nobody has decided: when it was asked for, and how many school days it has waited.
-- limits: What was asked for, and by whom, stands on the page of changes. Sites asked for in the corridor are in no record.
-- audience: dsl, head, technician
-- chart: none
-- version: 1
SELECT c.number, CASE c.kind WHEN 'unblock' THEN 'site blocked by mistake' WHEN 'bypass' THEN 'bypass for teaching' ELSE 'change of the policy' END AS what,
       c.asked AS asked_on, count(d.date) AS school_days
FROM register_changes c
LEFT JOIN seen_days d ON d.school_id = c.school_id AND d.date > c.asked AND d.is_past
WHERE c.school_id = $school AND c.decided IS NULL
GROUP BY c.number, c.kind, c.asked
ORDER BY c.asked, c.number
