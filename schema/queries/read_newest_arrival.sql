-- When anything was last stored. Parameters: none. Rows: one: received_us int8 (µs since 1970) or NULL.
SELECT (extract(epoch FROM max(received_at)) * 1000000)::int8 AS received_us FROM fairlead.stream LIMIT 1;
