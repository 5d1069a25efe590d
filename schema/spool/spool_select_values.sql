-- Parameters: 1 row limit. Rows: in order of the key.
SELECT key, content, checksum FROM value ORDER BY key LIMIT ?1;
