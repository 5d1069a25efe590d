-- The readers of the log, registered or not, and how far behind they are. Parameters: none.
-- Rows: name text; drives text or NULL where it never registered; registered_day text or NULL; streams int8 it has a cursor in; behind int8, entries
--       that it has not read in those; moved_us int8 or NULL, when a cursor last moved; by name.
SELECT
    n.name, r.drives, r.registered_on::text AS registered_day, count(c.stream_id) AS streams, coalesce(sum(greatest(0, s.seq - c.seq)), 0)::int8 AS behind,
    (extract(epoch FROM max(c.updated_at)) * 1000000)::int8 AS moved_us
FROM (SELECT name FROM fairlead.consumer UNION SELECT consumer FROM fairlead.consumer_cursor) AS n
LEFT JOIN fairlead.consumer AS r ON r.name = n.name
LEFT JOIN fairlead.consumer_cursor AS c ON c.consumer = n.name
LEFT JOIN fairlead.stream AS s ON s.stream_id = c.stream_id
GROUP BY n.name, r.drives, r.registered_on
ORDER BY n.name
LIMIT 1000;
