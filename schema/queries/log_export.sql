-- The whole log as lines of JSON, stream by stream in order: stream, seq, kind (t or e), received_us (not covered by the chain), hash and
-- canonical bytes in hexadecimal digits. CSV without quotes, since none of these characters can occur in a line.
-- Parameters: none. Rows: text, by stream and seq.
COPY (
    SELECT '{"stream":' || to_json(s.name)::text || ',"seq":' || x.seq || ',"kind":"' || x.kind || '","received_us":'
        || (extract(epoch FROM x.received_at) * 1000000)::int8 || ',"hash":"' || encode(x.hash, 'hex') || '","bytes":"' || encode(x.bytes, 'hex') || '"}'
    FROM (SELECT stream_id, name FROM fairlead.stream ORDER BY name COLLATE "C") AS s
    CROSS JOIN LATERAL (
        SELECT t.seq, 't' AS kind, t.received_at, t.hash, fairlead.tick_bytes(t) AS bytes FROM fairlead.tick AS t WHERE t.stream_id = s.stream_id
        UNION ALL
        SELECT e.seq, 'e', e.received_at, e.hash, fairlead.event_bytes(e) FROM fairlead.event AS e WHERE e.stream_id = s.stream_id
        ORDER BY seq
    ) AS x
) TO STDOUT (FORMAT csv, QUOTE E'\x01', DELIMITER E'\x02');
