-- id: shared_sign_ins
-- title: What came up on shared sign-ins, guests and devices?
-- explanation: Themes that came up where no single person is known: shared sign-ins, guests, devices and traffic without a name.
--     Each line is a device and an hour, because nobody can be named.
-- limits: Never one pupil: who sat there is for the school to find out. Private support sites and sites listed as illegal are not
--     named.
-- audience: dsl
-- parameter: from | date | 6 days ago | First day
-- parameter: to | date | today | Last day
-- chart: none
-- most_days: 31
-- version: 1
SELECT d.event_date AS day, CAST(date_part('hour', d.local_time) AS INT) AS hour,
       CASE d.user_type WHEN 'guest' THEN 'guest' WHEN 'shared' THEN 'shared sign-in' WHEN 'device' THEN 'device' ELSE 'not known' END AS who,
       coalesce(d.device_key, d.src_ip, 'not in the log') AS device, coalesce(max(t.title), d.theme) AS about,
       count(*) AS requests, count(*) FILTER (WHERE d.action IN ('blocked', 'warned')) AS stopped
FROM decisions d
LEFT JOIN themes t ON t.theme = d.theme
WHERE d.school_id = $school AND d.event_date BETWEEN $from AND $to AND d.theme IS NOT NULL AND d.theme <> 'help_seeking'
  AND (d.user_type IN ('guest', 'shared', 'device') OR d.user_key IS NULL)
GROUP BY d.event_date, date_part('hour', d.local_time), d.user_type, coalesce(d.device_key, d.src_ip, 'not in the log'), d.theme
ORDER BY day DESC, hour DESC, device, about
