-- A page of one stream with its stored digests, for the verifier: it asks for all partitions, since a misplaced row is a finding.
-- Parameters: $1 stream id int8; $2 last sequence number scanned int8; $3 most rows int4.
-- Rows: seq int8; is_tick bool; bytes bytea (canonical); hash bytea; by seq, at most two for one number.
(
    SELECT t.seq, true AS is_tick, fairlead.tick_bytes(t) AS bytes, t.hash
    FROM fairlead.tick AS t
    WHERE t.stream_id = $1::int8 AND t.seq > $2::int8
    ORDER BY t.seq LIMIT $3::int4
)
UNION ALL
(
    SELECT e.seq, false, fairlead.event_bytes(e), e.hash
    FROM fairlead.event AS e
    WHERE e.stream_id = $1::int8 AND e.seq > $2::int8
    ORDER BY e.seq LIMIT $3::int4
)
ORDER BY seq
LIMIT $3::int4;
