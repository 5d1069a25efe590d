-- Parameters: 1 key.
DELETE FROM value WHERE key = ?1;
