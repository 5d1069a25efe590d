-- From where each stream can be verified: behind its newest sealed day, or behind its last entry received before a day.
-- Parameters: $1 day text or NULL. Rows: stream_id, seq int8; hash bytea; by stream_id.
SELECT DISTINCT ON (b.stream_id) b.stream_id, b.seq, b.hash
FROM (
    SELECT s.stream_id, s.last_seq AS seq, s.last_hash AS hash FROM fairlead.seal AS s
    UNION ALL
    SELECT s.stream_id, t.seq, t.hash FROM fairlead.stream AS s CROSS JOIN LATERAL (
        SELECT r.seq, r.hash FROM fairlead.tick AS r WHERE r.stream_id = s.stream_id AND r.received_on < $1::text::date ORDER BY r.seq DESC LIMIT 1) AS t
    UNION ALL
    SELECT s.stream_id, e.seq, e.hash FROM fairlead.stream AS s CROSS JOIN LATERAL (
        SELECT r.seq, r.hash FROM fairlead.event AS r WHERE r.stream_id = s.stream_id AND r.received_on < $1::text::date ORDER BY r.seq DESC LIMIT 1) AS e
) AS b
ORDER BY b.stream_id, b.seq DESC
LIMIT 1000000;
