-- A page of one stream with its digests, for the spool of a central part: what another holder wrote meanwhile.
-- Parameters: $1 stream text; $2 last sequence number copied int8; $3 most rows int4.
-- Rows: seq int8; is_tick bool; bytes bytea (canonical); hash bytea; by seq.
(
    SELECT t.seq, true AS is_tick, fairlead.tick_bytes(t) AS bytes, t.hash
    FROM fairlead.tick AS t
    WHERE t.stream_id = fairlead.stream_id($1::text) AND t.seq > $2::int8
    ORDER BY t.seq LIMIT $3::int4
)
UNION ALL
(
    SELECT e.seq, false, fairlead.event_bytes(e), e.hash
    FROM fairlead.event AS e
    WHERE e.stream_id = fairlead.stream_id($1::text) AND e.seq > $2::int8
    ORDER BY e.seq LIMIT $3::int4
)
ORDER BY seq
LIMIT $3::int4;
