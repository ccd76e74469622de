-- figure_cells of the sources that decide for a school's day (see decisions.sql): web cells of a filter or firewall, or names asked for
-- where nothing logged a web request.
SELECT f.event_date, f.school_id, f.source_id, f.indicator, f.version, f.numerator, f.denominator, f.part, f.field, f.domain, f.category,
       f.user_type, f.action
FROM figure_cells f
JOIN (
    SELECT DISTINCT d.school_id, d.event_date, d.source_id, CASE d.layer WHEN 'dns' THEN 'dns' ELSE 'web' END AS kind FROM decided_days d
) d ON d.school_id = f.school_id AND d.event_date = f.event_date AND d.source_id = f.source_id AND d.kind = coalesce(f.kind, 'web')
