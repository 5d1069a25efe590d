-- Entries after the cursors of several streams, each in order. The day bounds keep all but the newest partitions untouched; it may
-- only grow along a stream.
-- Parameters: $1 stream ids int8[]; $2 last sequence numbers read int8[]; $3 days those were received int4[] (since 1970);
--             $4 most entries per stream int4; $5 most entries in all int4.
-- Rows: stream_id, seq int8; is_tick bool; bytes bytea (canonical); received_us int8 (µs since 1970); received_day int4;
--       by stream_id, seq.
WITH wanted AS (
    SELECT w.stream_id, w.seq, date '1970-01-01' + w.day AS day, s.received_on AS last_day
    FROM unnest($1::int8[], $2::int8[], $3::int4[]) AS w (stream_id, seq, day)
    JOIN fairlead.stream AS s ON s.stream_id = w.stream_id AND s.seq > w.seq
)
SELECT
    w.stream_id, e.seq, e.is_tick, e.bytes, (extract(epoch FROM e.received_at) * 1000000)::int8 AS received_us,
    e.received_on - date '1970-01-01' AS received_day
FROM wanted AS w
CROSS JOIN LATERAL (
    (
        SELECT t.seq, true AS is_tick, fairlead.tick_bytes(t) AS bytes, t.received_at, t.received_on
        FROM fairlead.tick AS t
        WHERE t.stream_id = w.stream_id AND t.seq > w.seq AND t.received_on BETWEEN w.day AND w.last_day
        ORDER BY t.seq LIMIT $4::int4
    )
    UNION ALL
    (
        SELECT v.seq, false, fairlead.event_bytes(v), v.received_at, v.received_on
        FROM fairlead.event AS v
        WHERE v.stream_id = w.stream_id AND v.seq > w.seq AND v.received_on BETWEEN w.day AND w.last_day
        ORDER BY v.seq LIMIT $4::int4
    )
    ORDER BY seq LIMIT $4::int4
) AS e
ORDER BY w.stream_id, e.seq
LIMIT $5::int4;
