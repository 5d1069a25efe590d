-- What a cluster's leading shipper measured between two instants of its shippers' clocks. Ticks are looked for on the days from one before the first
-- instant's on: a shipper's clock may be that much ahead of the server's.
-- Parameters: $1 cluster text; $2 from (exclusive), $3 to (inclusive) int8 (µs since 1970); $4 most rows int4.
-- Rows: at_us int8; interval_ms int4; flow_quality, flow_p95_100ns, used_bps, applied_bps, desired_bps bytea (packed lists,
--       the last three per workload); the newest, by at_us.
SELECT at_us, interval_ms, flow_quality, flow_p95_100ns, used_bps, applied_bps, desired_bps
FROM (
    SELECT
        t.at_us, t.interval_ms, t.flow_quality, t.flow_p95_100ns, t.workload_used_bps AS used_bps, t.workload_applied_bps AS applied_bps,
        t.workload_desired_bps AS desired_bps
    FROM fairlead.tick AS t
    WHERE t.stream_id IN (SELECT s.stream_id FROM fairlead.stream AS s WHERE s.cluster = $1::text)
      AND t.ordinal = 0 AND t.is_leader AND t.at_us > $2::int8 AND t.at_us <= $3::int8
      AND t.received_on >= date '1970-01-01' + ($2::int8 / 86400000000)::int4 - 1
    ORDER BY t.at_us DESC LIMIT $4::int4
) AS newest
ORDER BY at_us
LIMIT $4::int4;
