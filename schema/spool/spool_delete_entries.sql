-- Parameters: 1 last sequence to go.
DELETE FROM entry WHERE sequence <= ?1;
