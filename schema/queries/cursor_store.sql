-- Moves a consumer's cursors forward; one that would go back stays where it is.
-- Parameters: $1 consumer text; $2 stream names text[]; $3 sequence numbers int8[]. Rows: none.
INSERT INTO fairlead.consumer_cursor AS c (stream_id, consumer, seq, updated_at)
SELECT s.stream_id, $1::text, n.seq, clock_timestamp()
FROM unnest($2::text[], $3::int8[]) AS n (name, seq)
JOIN fairlead.stream AS s ON s.stream_id = fairlead.stream_id(n.name)
ORDER BY s.stream_id
ON CONFLICT (stream_id, consumer) DO UPDATE
SET seq = excluded.seq, updated_at = excluded.updated_at
WHERE excluded.seq > c.seq;
