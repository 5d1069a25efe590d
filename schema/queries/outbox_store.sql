-- Writes notifications that are due to be told, and how far the log was read for them, if the lease is still held under this term:
-- all of it or nothing. A notification that is there already stays as it is, and a cursor that would go back stays where it is.
-- The lease's row is locked (FOR SHARE) until the statement ends, so that no successor begins between the check and the writing.
-- Parameters: $1 lease name, $2 holder text; $3 term int8; $4 ids, $5 receivers, $6 clusters, $7 told (JSON lists), $8 bodies, all
--             text[]; $9 consumer text; $10 stream names text[]; $11 sequence numbers int8[].
-- Rows: one. is_held bool: false where another holder or term has the lease, and nothing was written.
-- SQLSTATE: 55P03 when the lease's row was held for longer than lock_timeout.
WITH held AS MATERIALIZED (
    SELECT l.term FROM fairlead.lease AS l
    WHERE l.name = $1::text AND l.holder = $2::text AND l.term = $3::int8
    FOR SHARE
), told AS (
    INSERT INTO fairlead.outbox (id, receiver, cluster, told, body)
    SELECT n.id, n.receiver, n.cluster, n.told::jsonb, n.body
    FROM unnest($4::text[], $5::text[], $6::text[], $7::text[], $8::text[]) WITH ORDINALITY AS n (id, receiver, cluster, told, body, place)
    CROSS JOIN held
    ORDER BY n.place
    ON CONFLICT (id) DO NOTHING
), moved AS (
    INSERT INTO fairlead.consumer_cursor AS c (stream_id, consumer, seq, updated_at)
    SELECT s.stream_id, $9::text, n.seq, clock_timestamp()
    FROM unnest($10::text[], $11::int8[]) AS n (name, seq)
    JOIN fairlead.stream AS s ON s.stream_id = fairlead.stream_id(n.name)
    CROSS JOIN held
    ORDER BY s.stream_id
    ON CONFLICT (stream_id, consumer) DO UPDATE
    SET seq = excluded.seq, updated_at = excluded.updated_at
    WHERE excluded.seq > c.seq
)
SELECT EXISTS (SELECT FROM held) AS is_held;
