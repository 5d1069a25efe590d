-- Parameters: 1 first sequence; 2 row limit. Rows: in order, from the first sequence on.
SELECT sequence, kind, digest, record
FROM entry
WHERE sequence >= ?1
ORDER BY sequence
LIMIT ?2;
