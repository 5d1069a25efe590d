-- Moves a consumer's cursors forward; one that would go back stays where it is.
-- Parameters: $1 consumer text; $2 stream ids int8[]; $3 sequence numbers int8[]; $4 days int4[] (since 1970). Rows: none.
INSERT INTO fairlead.consumer_cursor AS c (stream_id, consumer, seq, received_on, updated_at)
SELECT n.stream_id, $1::text, n.seq, date '1970-01-01' + n.day, clock_timestamp()
FROM unnest($2::int8[], $3::int8[], $4::int4[]) AS n (stream_id, seq, day)
ORDER BY n.stream_id
ON CONFLICT (stream_id, consumer) DO UPDATE
SET seq = excluded.seq, received_on = excluded.received_on, updated_at = excluded.updated_at
WHERE excluded.seq > c.seq;
