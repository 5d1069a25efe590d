-- The log's own clock, by which the age of its entries is counted. Parameters: none. Rows: one. now_us int8 (µs since 1970).
SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::int8 AS now_us;
