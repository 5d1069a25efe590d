-- Parameters: 1 first; 2 last. Removes every undeclared loss that lies inside the range.
DELETE FROM loss WHERE first_sequence >= ?1 AND last_sequence <= ?2;
