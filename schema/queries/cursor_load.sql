-- How far a consumer has read.
-- Parameters: $1 consumer text. Rows: name text; seq int8; by name.
SELECT s.name, c.seq
FROM fairlead.consumer_cursor AS c JOIN fairlead.stream AS s ON s.stream_id = c.stream_id
WHERE c.consumer = $1::text
ORDER BY s.name
LIMIT 1000000;
