-- How far a consumer has read.
-- Parameters: $1 consumer text. Rows: stream_id int8; name text; seq int8; received_day int4 (since 1970); by stream_id.
SELECT c.stream_id, s.name, c.seq, c.received_on - date '1970-01-01' AS received_day
FROM fairlead.consumer_cursor AS c JOIN fairlead.stream AS s ON s.stream_id = c.stream_id
WHERE c.consumer = $1::text
ORDER BY c.stream_id
LIMIT 1000000;
