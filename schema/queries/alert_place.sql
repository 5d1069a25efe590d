-- From where the alerter reads each stream: some entries before its cursor, because what its rules look at is held in memory only,
-- and never further back from the head than it must, because old entries say nothing about now. With it, the roster that the ticks
-- behind that place name.
-- Parameters: $1 consumer text; $2 entries to read again int8; $3 most entries behind the head int8.
-- Rows: name text; seq int8; roster_seq int8 or NULL, and with it cluster, mode text; flow_ids, workload_ids, link_ids text[]; by name.
SELECT
    s.name, p.seq, r.seq AS roster_seq, s.cluster, r.mode, r.flow_ids, r.workload_ids, r.link_ids
FROM fairlead.stream AS s
LEFT JOIN fairlead.consumer_cursor AS c ON c.stream_id = s.stream_id AND c.consumer = $1::text
CROSS JOIN LATERAL (SELECT greatest(0, least(coalesce(c.seq, 0), s.seq) - $2::int8, s.seq - $3::int8) AS seq) AS p
LEFT JOIN LATERAL (
    SELECT ro.* FROM fairlead.roster AS ro WHERE ro.stream_id = s.stream_id AND ro.seq <= p.seq ORDER BY ro.seq DESC LIMIT 1
) AS r ON true
ORDER BY s.name
LIMIT 1000000;
