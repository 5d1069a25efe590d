-- How long the log and its roll-ups are kept, as serve last applied it. Parameters: none.
-- Rows: kind text; keep_days int4 or NULL for ever; set_us int8. None where serve has applied none yet.
SELECT r.kind, r.keep_days, (extract(epoch FROM r.set_at) * 1000000)::int8 AS set_us FROM fairlead.retention AS r ORDER BY r.kind LIMIT 10;
