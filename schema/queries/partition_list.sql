-- The days that have partitions, and the sealed ones that had. Parameters: none.
-- Rows: day text (YYYY-MM-DD); byte_count int8 or NULL for a sealed day; stream_count int8, sealed; by day.
SELECT coalesce(p.received_on, s.received_on)::text AS day, p.byte_count, coalesce(s.stream_count, 0)::int8 AS stream_count
FROM fairlead.partition_day() AS p
FULL JOIN (SELECT received_on, count(*) AS stream_count FROM fairlead.seal GROUP BY received_on) AS s ON s.received_on = p.received_on
ORDER BY 1
LIMIT 10000;
