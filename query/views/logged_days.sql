-- One row a school, source and day with any row at all.
SELECT DISTINCT a.school_id, a.source_id, a.event_date FROM activity_hourly a
