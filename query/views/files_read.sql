-- The newest receipt of each file read, by school: its lines, those in quarantine, and the local day of its last line, or the day it was
-- read where no line has a time. A file of a source that serves many schools stands once for each of them.
SELECT s.school_id, r.source_id, r.file_id, r.lines, r.quarantined,
       CAST(arrow_cast(coalesce(r.last_event_time, r.received_at), 'Timestamp(Microsecond, Some("Europe/London"))') AS DATE) AS last_day
FROM (
    SELECT x.school_id, x.source_id, x.file_id, x.lines, x.quarantined, x.last_event_time, x.received_at,
           row_number() OVER (PARTITION BY x.file_id, x.byte_from ORDER BY x.revision DESC) AS place
    FROM receipts x
) r
JOIN sources s ON s.source_id = r.source_id AND (r.school_id = s.school_id OR r.school_id = '*')
WHERE r.place = 1
