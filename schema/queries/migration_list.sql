-- Parameters: none.
-- Rows: number int4; name text; checksum bytea; oldest_binary int4; applied_at_us int8 (µs since 1970). SQLSTATE: 42501 without SELECT.
SELECT number, name, checksum, oldest_binary, (extract(epoch FROM applied_at) * 1000000)::int8 AS applied_at_us
FROM fairlead.migration
ORDER BY number
LIMIT 10000;
