-- What dropping the oldest entries would free. Parameters: 1 first sequence; 2 last sequence; 3 row limit.
-- Rows: in order; byte_count is 0 for a damaged entry.
SELECT sequence, digest, coalesce(length(record), 0) AS byte_count, record IS NULL AS is_damaged
FROM entry
WHERE sequence BETWEEN ?1 AND ?2
ORDER BY sequence
LIMIT ?3;
