-- What the log holds where a checkpoint says that heads stood.
-- Parameters: $1 stream names text[]; $2 sequence numbers int8[].
-- Rows: place int8, in the parameters, from 1; hash bytea or NULL where nothing stands there; is_sealed bool, the entry was dropped with
--       its day; by place. Two rows at one number give two rows.
SELECT w.place, x.hash, coalesce(w.seq <= fairlead.sealed_through(fairlead.stream_id(w.name)), false) AS is_sealed
FROM unnest($1::text[], $2::int8[]) WITH ORDINALITY AS w (name, seq, place)
LEFT JOIN LATERAL (
    SELECT t.hash FROM fairlead.tick AS t WHERE t.stream_id = fairlead.stream_id(w.name) AND t.seq = w.seq
    UNION ALL
    SELECT e.hash FROM fairlead.event AS e WHERE e.stream_id = fairlead.stream_id(w.name) AND e.seq = w.seq
    UNION ALL
    SELECT s.last_hash FROM fairlead.seal AS s WHERE s.stream_id = fairlead.stream_id(w.name) AND s.last_seq = w.seq
    UNION ALL
    SELECT fairlead.genesis(w.name) WHERE w.seq = 0
) AS x ON true
ORDER BY w.place
LIMIT 1000000;
