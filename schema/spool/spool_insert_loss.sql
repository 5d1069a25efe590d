-- Parameters: 1 first; 2 last; 3 digest before the range; 4 digest after it; 5 cause ('full' or 'damaged').
INSERT INTO loss (first_sequence, last_sequence, digest_before, digest_after, cause) VALUES (?1, ?2, ?3, ?4, ?5);
