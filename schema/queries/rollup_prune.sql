-- Forgets old windows of the next few streams (see fairlead.prune_rollups). Parameters: $1 width int4 (seconds); $2 days to keep int4;
-- $3 after this stream id int8; $4 most streams int4. Rows: one. gone int8; last_id int8 or NULL where no stream was left.
-- SQLSTATE: 22023 out of range.
SELECT coalesce(sum(p.gone), 0)::int8 AS gone, max(p.stream_id) AS last_id
FROM (
    SELECT s.stream_id, fairlead.prune_rollups(s.stream_id, $1::int4, $2::int4) AS gone
    FROM (SELECT n.stream_id FROM fairlead.stream AS n WHERE n.stream_id > $3::int8 ORDER BY n.stream_id LIMIT $4::int4) AS s
) AS p
LIMIT 1;
