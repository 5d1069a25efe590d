-- A page of one stream, newest first.
-- Parameters: $1 stream text; $2 before this sequence number int8; $3 most rows int4.
-- Rows: stream text; seq int8; is_tick bool; bytes bytea; received_us int8; newest first.
(
    SELECT $1::text AS stream, t.seq, true AS is_tick, fairlead.tick_bytes(t) AS bytes,
        (extract(epoch FROM t.received_at) * 1000000)::int8 AS received_us
    FROM fairlead.tick AS t
    WHERE t.stream_id = fairlead.stream_id($1::text) AND t.seq < $2::int8
    ORDER BY t.seq DESC LIMIT $3::int4
)
UNION ALL
(
    SELECT $1::text, e.seq, false, fairlead.event_bytes(e), (extract(epoch FROM e.received_at) * 1000000)::int8
    FROM fairlead.event AS e
    WHERE e.stream_id = fairlead.stream_id($1::text) AND e.seq < $2::int8
    ORDER BY e.seq DESC LIMIT $3::int4
)
ORDER BY seq DESC
LIMIT $3::int4;
