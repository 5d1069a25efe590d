-- Parameters: 1 key. Rows: at most one.
SELECT key, content, checksum FROM value WHERE key = ?1 ORDER BY key LIMIT 1;
