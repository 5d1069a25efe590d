-- The newest allocation. Parameters: none. Rows: none or one: seq int8; kind text; version int2; at_us int8; body text.
SELECT e.seq, e.kind, e.version, e.at_us, e.body
FROM fairlead.event AS e
WHERE e.kind = 'allocation_decided' AND e.stream_id = fairlead.stream_id('coordinator')
ORDER BY e.received_at DESC, e.seq DESC
LIMIT 1;
