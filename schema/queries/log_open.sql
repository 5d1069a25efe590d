-- Claims a stream for one writer (see fairlead.open; locks the stream's head row until commit).
-- Parameters: $1 stream text; $2 highest epoch seen int8; $3 term int8 or NULL.
-- Rows: one. answer, refusal text; epoch, nonce, seq int8; hash bytea; grant_body text; newest_stream text; newest_seqs int8[];
--       newest_bodies bytea[]. SQLSTATE: 55P03 when another writer held the head for longer than lock_timeout.
SELECT answer, refusal, epoch, nonce, seq, hash, grant_body, newest_stream, newest_seqs, newest_bodies
FROM fairlead.open($1::text, $2::int8, $3::int8)
LIMIT 1;
