-- The checkpoints on the log after a number of their stream, in order.
-- Parameters: $1 sequence number int8; $2 most rows int4. Rows: seq int8; body text; by seq.
SELECT e.seq, e.body FROM fairlead.event AS e
WHERE e.stream_id = fairlead.stream_id('checkpoint') AND e.kind = 'checkpoint_made' AND e.seq > $1::int8
ORDER BY e.seq
LIMIT $2::int4;
