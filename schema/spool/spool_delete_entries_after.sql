-- Parameters: 1 last sequence to stay.
DELETE FROM entry WHERE sequence > ?1;
