-- Whether a cluster has a stream, and the roster that its newest tick up to an instant names.
-- Parameters: $1 cluster text; $2 instant int8 (µs since 1970). Rows: none where there is no stream, else one: body text or NULL.
SELECT (
    SELECT r.body
    FROM fairlead.roster AS r JOIN fairlead.stream AS s ON s.stream_id = r.stream_id
    JOIN fairlead.event AS e ON e.stream_id = r.stream_id AND e.seq = r.seq
    WHERE s.cluster = $1::text AND e.at_us <= $2::int8
    ORDER BY e.received_at DESC, r.seq DESC LIMIT 1
) AS body
WHERE EXISTS (SELECT FROM fairlead.stream AS s WHERE s.cluster = $1::text)
LIMIT 1;
