-- Where a reader of the log begins in each stream. Its newest part is enough to fold the fleet from: of a cluster's streams so many entries, and
-- more where its newest tick begins further back, but only the newest tick of one that was long silent while another of the cluster's told something (a
-- spool that was set aside, or a leader that the log does not hear beside a standby that it does); of the coordinator's so many, and in any case the newest allocation, which states anew what holds; of the operator's all, for a person's
-- word holds until it is ended; of others none. A consumer whose cursor stands before that reads on from there, but never further back from the head
-- than it must. With it, the roster that the ticks behind that place name.
-- Parameters: $1 most entries of the coordinator's stream int8; $2 entries of a cluster's stream int8; $3 most entries of it int8;
-- $4 consumer text, or NULL for a reader without cursors; $5 most entries from its cursor to the head int8;
-- $6 a cluster's stream is set aside that received nothing for so long before another of it did, microseconds int8.
-- Rows: name text; seq int8; roster_seq int8 or NULL, and with it cluster, mode text; flow_ids, workload_ids, link_ids text[]; by name.
SELECT s.name, p.seq, r.seq AS roster_seq, s.cluster, r.mode, r.flow_ids, r.workload_ids, r.link_ids
FROM (
    SELECT stream_id, name, cluster, seq, received_at, newest_tick_seqs, max(received_at) OVER (PARTITION BY cluster) AS cluster_received_at
    FROM fairlead.stream
) AS s
LEFT JOIN fairlead.consumer_cursor AS c ON c.stream_id = s.stream_id AND c.consumer = $4::text
LEFT JOIN LATERAL (
    SELECT e.seq FROM fairlead.event AS e
    WHERE s.name = 'coordinator' AND e.stream_id = s.stream_id AND e.kind = 'allocation_decided'
    ORDER BY e.seq DESC LIMIT 1
) AS newest_allocation ON true
LEFT JOIN LATERAL (
    SELECT greatest(s.newest_tick_seqs[1] - 1, s.seq - $3::int8) AS seq WHERE s.newest_tick_seqs <> '{}'
) AS newest_tick ON true
CROSS JOIN LATERAL (
    SELECT greatest(0, CASE
        WHEN s.received_at < s.cluster_received_at - $6::int8 * interval '1 microsecond' AND s.cluster IS NOT NULL
            THEN coalesce(newest_tick.seq, s.seq)
        WHEN s.cluster IS NOT NULL THEN least(s.seq - $2::int8, newest_tick.seq)
        WHEN s.name = 'coordinator' THEN least(s.seq - $1::int8, newest_allocation.seq - 1)
        WHEN s.name = 'operator' THEN 0
        ELSE s.seq END) AS seq
) AS recent
CROSS JOIN LATERAL (SELECT CASE WHEN c.seq < recent.seq THEN least(recent.seq, greatest(c.seq, s.seq - $5::int8)) ELSE recent.seq END AS seq) AS p
LEFT JOIN LATERAL (
    SELECT ro.* FROM fairlead.roster AS ro WHERE ro.stream_id = s.stream_id AND ro.seq <= p.seq ORDER BY ro.seq DESC LIMIT 1
) AS r ON true
ORDER BY s.name
LIMIT 1000000;
