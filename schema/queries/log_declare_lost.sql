-- Closes a hole in a stream (see fairlead.declare_lost; locks the stream's head row until commit).
-- Parameters: $1 stream text; $2 epoch, $3 nonce int8; $4 first, $5 last sequence number int8; $6 digest before, $7 after it bytea;
--             $8 cause text; $9 at_us int8 (µs since 1970).
-- Rows: one. answer, refusal text; epoch, seq int8; hash bytea; grant_body text.
-- SQLSTATE: 55P03 when the head was held for longer than lock_timeout.
SELECT answer, refusal, epoch, seq, hash, grant_body
FROM fairlead.declare_lost($1::text, $2::int8, $3::int8, $4::int8, $5::int8, $6::bytea, $7::bytea, $8::text, $9::int8)
LIMIT 1;
