-- The patches that carried out one decision: looked for from five minutes before the decision was received to a day after.
-- Parameters: $1 decision text (stream/seq); $2 received int8 (µs since 1970); $3 most rows int4.
-- Rows: kind text; version int2; at_us int8; body text; by received_at, seq.
SELECT e.kind, e.version, e.at_us, e.body
FROM fairlead.event AS e
WHERE e.kind = 'patch_settled' AND e.is_json AND e.body::jsonb ->> 'decision' = $1::text
  AND e.received_at >= timestamptz '1970-01-01 00:00:00+00' + ($2::int8 - 300000000) * interval '1 microsecond'
  AND e.received_at < timestamptz '1970-01-01 00:00:00+00' + ($2::int8 + 86400000000) * interval '1 microsecond'
  AND e.received_on BETWEEN date '1970-01-01' + ($2::int8 / 86400000000)::int4 - 1 AND date '1970-01-01' + ($2::int8 / 86400000000)::int4 + 400
ORDER BY e.received_at, e.seq
LIMIT $3::int4;
