-- id: who_is_not_identified
-- title: Who is not identified?
-- explanation: Requests that are tied to one person, and those that are not, by source and profile. Monitoring needs people to be
--     told apart.
-- limits: Shared sign-ins and devices count as not identified. Guests are meant to be few.
-- audience: dsl, head, technician
-- parameter: from | date | 27 days ago | First day
-- parameter: to | date | today | Last day
-- chart: bars profile percent_not_identified
-- version: 1
SELECT h.source_id AS source, coalesce(h.profile, 'no profile in the log') AS profile, sum(h.requests) AS requests,
       sum(h.requests) - sum(h.identified) AS not_identified,
       round(100.0 * (sum(h.requests) - sum(h.identified)) / nullif(sum(h.requests), 0), 1) AS percent_not_identified
FROM decided_days h
WHERE h.school_id = $school AND h.event_date BETWEEN $from AND $to
GROUP BY h.source_id, coalesce(h.profile, 'no profile in the log')
ORDER BY not_identified DESC, source, profile
