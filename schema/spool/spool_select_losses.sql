-- Parameters: 1 row limit. Rows: in order.
SELECT first_sequence, last_sequence, digest_before, digest_after, cause FROM loss ORDER BY first_sequence LIMIT ?1;
