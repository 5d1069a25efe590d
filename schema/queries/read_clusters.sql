-- Each cluster with the rows of the newest tick of any of its streams, and the roster that the tick names. A stream whose newest
-- tick a leader wrote comes before one whose newest a standby wrote: what a standby measures beside it is no state of the cluster.
-- Parameters: none.
-- Rows: cluster text; firing, pending int8 (alerts); stream text, seq int8, bytes bytea, received_us int8 (µs since 1970), roster_body
--       text or NULL: one row per row of the tick, one with NULLs where a cluster has no tick; by cluster, seq.
WITH newest AS (
    SELECT DISTINCT ON (s.cluster) s.cluster, s.name, s.stream_id, s.newest_tick_seqs, s.newest_tick_on, s.received_on
    FROM fairlead.stream AS s
    LEFT JOIN LATERAL (
        SELECT t.is_leader
        FROM fairlead.tick AS t
        WHERE t.stream_id = s.stream_id AND t.seq = s.newest_tick_seqs[1] AND t.received_on BETWEEN s.newest_tick_on AND s.received_on
        ORDER BY t.seq LIMIT 1
    ) AS first_row ON true
    WHERE s.cluster IS NOT NULL
    ORDER BY s.cluster, coalesce(first_row.is_leader, false) DESC, s.newest_tick_order DESC NULLS LAST
), counted AS (
    SELECT a.cluster, count(*) FILTER (WHERE a.state = 'firing') AS firing, count(*) FILTER (WHERE a.state = 'pending') AS pending
    FROM fairlead.alert AS a
    WHERE a.state IN ('firing', 'pending')
    GROUP BY a.cluster
)
SELECT
    n.cluster, coalesce(c.firing, 0) AS firing, coalesce(c.pending, 0) AS pending, n.name AS stream, t.seq, t.bytes,
    (extract(epoch FROM t.received_at) * 1000000)::int8 AS received_us, r.body AS roster_body
FROM newest AS n
LEFT JOIN counted AS c ON c.cluster = n.cluster
-- Row by row: a plain join has been seen to read all of the ticks.
LEFT JOIN LATERAL (
    SELECT k.seq, k.roster_seq, k.received_at, k.bytes
    FROM unnest(n.newest_tick_seqs) AS place (seq)
    CROSS JOIN LATERAL (
        SELECT i.seq, i.roster_seq, i.received_at, fairlead.tick_bytes(i) AS bytes
        FROM fairlead.tick AS i
        WHERE i.stream_id = n.stream_id AND i.seq = place.seq AND i.received_on BETWEEN n.newest_tick_on AND n.received_on
        ORDER BY i.seq LIMIT 1
    ) AS k
) AS t ON true
LEFT JOIN fairlead.roster AS r ON r.stream_id = n.stream_id AND r.seq = t.roster_seq
ORDER BY n.cluster COLLATE "C", t.seq
LIMIT 1000000;
