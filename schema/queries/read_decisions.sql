-- The newest decisions of a cluster that changed something, between two instants of its shippers' clocks (days as read_timeline).
-- Parameters: $1 cluster text; $2 from (exclusive), $3 to (inclusive) int8 (µs since 1970); $4 most rows int4.
-- Rows: stream text; seq int8; bytes bytea; newest first.
SELECT s.name AS stream, t.seq, fairlead.tick_bytes(t) AS bytes
FROM fairlead.tick AS t JOIN fairlead.stream AS s ON s.stream_id = t.stream_id
WHERE s.cluster = $1::text AND t.at_us > $2::int8 AND t.at_us <= $3::int8 AND t.action <> 0 AND NOT t.is_shadow
  AND t.received_on >= date '1970-01-01' + ($2::int8 / 86400000000)::int4 - 1
ORDER BY t.at_us DESC, t.seq DESC
LIMIT $4::int4;
