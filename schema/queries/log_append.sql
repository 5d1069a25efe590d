-- Stores a batch in order (see fairlead.append; locks the stream's head row until commit, so that batches of a stream are serial).
-- Parameters: $1 stream text; $2 epoch, $3 nonce, $4 first sequence number int8; $5 previous digest bytea; $6 kinds bytea, one byte
--             per entry; $7 fairlead.tick_body[]; $8 fairlead.event_body[]; $9 flaw text or NULL.
-- Rows: one. answer, refusal text; epoch, seq int8; hash bytea; grant_body text.
-- SQLSTATE: 22xxx and 23xxx for a body that the tables refuse; 55P03 when the head was held for longer than lock_timeout.
SELECT answer, refusal, epoch, seq, hash, grant_body
FROM fairlead.append($1::text, $2::int8, $3::int8, $4::int8, $5::bytea, $6::bytea, $7::fairlead.tick_body[], $8::fairlead.event_body[], $9::text)
LIMIT 1;
