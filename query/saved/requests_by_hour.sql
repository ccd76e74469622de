-- id: requests_by_hour
-- title: When are pupils online?
-- explanation: Pupils' requests by weekday and hour of the school's local time.
-- limits: Requests are not people: a class of thirty makes more than one child.
-- audience: dsl, head, technician
-- parameter: from | date | 27 days ago | First day
-- parameter: to | date | today | Last day
-- chart: heat weekday hour requests
-- version: 1
SELECT to_char(h.event_date, '%A') AS weekday, h.hour, sum(h.requests) AS requests,
       coalesce(sum(h.requests) FILTER (WHERE h.action IN ('blocked', 'warned')), 0) AS stopped
FROM decided_hours h
WHERE h.school_id = $school AND h.event_date BETWEEN $from AND $to AND h.user_type = 'pupil'
GROUP BY to_char(h.event_date, '%A'), h.hour
ORDER BY min(date_part('dow', h.event_date)), h.hour
