-- The head of every stream: one poll of a reader.
-- Parameters: none.
-- Rows: stream_id int8; name text; epoch, seq int8; hash bytea; received_day int4 (days since 1970); by stream_id.
SELECT stream_id, name, epoch, seq, hash, received_on - date '1970-01-01' AS received_day
FROM fairlead.stream
ORDER BY stream_id
LIMIT 1000000;
