-- id: groups_seen
-- title: Are all groups and devices covered?
-- explanation: Every profile and kind of person that the logs show in one half-term. A group that should be here and is not, is not
--     covered.
-- limits: A group without a single request can't be seen: compare with your own list.
-- audience: dsl, head, technician
-- parameter: half_term | half_term | this half-term | Half-term
-- chart: none
-- version: 1
SELECT h.source_id AS source, coalesce(h.profile, 'no profile in the log') AS profile,
       CASE h.user_type WHEN 'pupil' THEN 'pupils' WHEN 'staff' THEN 'staff' WHEN 'guest' THEN 'guests' WHEN 'shared' THEN 'shared sign-ins'
                        WHEN 'device' THEN 'devices' ELSE 'not known' END AS who,
       sum(h.requests) AS requests, count(DISTINCT h.event_date) AS days
FROM decided_days h
WHERE h.school_id = $school AND h.event_date BETWEEN $half_term_from AND $half_term_to
GROUP BY h.source_id, h.profile, h.user_type
ORDER BY source, profile, who
