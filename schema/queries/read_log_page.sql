-- A page of the log of all streams, newest first by (received, stream, seq), within a stretch of the server's clock.
-- Parameters: $1 before: received int8 (µs since 1970), $2 stream text, $3 seq int8; $4 not before int8 (µs); $5 most rows int4.
-- Rows: stream text; seq int8; is_tick bool; bytes bytea; received_us int8; newest first.
WITH bounds AS (
    SELECT timestamptz '1970-01-01 00:00:00+00' + $1::int8 * interval '1 microsecond' AS before,
        timestamptz '1970-01-01 00:00:00+00' + $4::int8 * interval '1 microsecond' AS after
)
SELECT e.stream, e.seq, e.is_tick, e.bytes, (extract(epoch FROM e.received_at) * 1000000)::int8 AS received_us
FROM bounds AS b
CROSS JOIN LATERAL (
    (
        SELECT s.name COLLATE "C" AS stream, t.seq, true AS is_tick, fairlead.tick_bytes(t) AS bytes, t.received_at
        FROM fairlead.tick AS t JOIN fairlead.stream AS s ON s.stream_id = t.stream_id
        WHERE t.received_at <= b.before AND t.received_at >= b.after
          AND (t.received_at, s.name COLLATE "C", t.seq) < (b.before, $2::text COLLATE "C", $3::int8)
        ORDER BY t.received_at DESC, s.name COLLATE "C" DESC, t.seq DESC LIMIT $5::int4
    )
    UNION ALL
    (
        SELECT s.name COLLATE "C", v.seq, false, fairlead.event_bytes(v), v.received_at
        FROM fairlead.event AS v JOIN fairlead.stream AS s ON s.stream_id = v.stream_id
        WHERE v.received_at <= b.before AND v.received_at >= b.after
          AND (v.received_at, s.name COLLATE "C", v.seq) < (b.before, $2::text COLLATE "C", $3::int8)
        ORDER BY v.received_at DESC, s.name COLLATE "C" DESC, v.seq DESC LIMIT $5::int4
    )
) AS e
ORDER BY e.received_at DESC, e.stream DESC, e.seq DESC
LIMIT $5::int4;
