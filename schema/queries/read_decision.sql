-- One tick's row, with its roster and the decisions of the same loop beside it.
-- Parameters: $1 stream text; $2 seq int8.
-- Rows: none or one. bytes bytea; received_us int8; roster_body text or NULL; previous_seq, next_seq int8 or NULL.
SELECT
    fairlead.tick_bytes(t) AS bytes, (extract(epoch FROM t.received_at) * 1000000)::int8 AS received_us,
    (SELECT r.body FROM fairlead.roster AS r WHERE r.stream_id = t.stream_id AND r.seq = t.roster_seq) AS roster_body,
    (
        SELECT p.seq FROM fairlead.tick AS p
        WHERE p.stream_id = t.stream_id AND p.seq < t.seq AND p.link = t.link AND p.law = t.law AND p.received_on <= t.received_on
        ORDER BY p.seq DESC LIMIT 1
    ) AS previous_seq,
    (
        SELECT n.seq FROM fairlead.tick AS n
        WHERE n.stream_id = t.stream_id AND n.seq > t.seq AND n.link = t.link AND n.law = t.law AND n.received_on >= t.received_on
        ORDER BY n.seq LIMIT 1
    ) AS next_seq
FROM fairlead.tick AS t
WHERE t.stream_id = fairlead.stream_id($1::text) AND t.seq = $2::int8
LIMIT 1;
