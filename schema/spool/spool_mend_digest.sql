-- Parameters: 1 sequence; 2 digest as recomputed from the record and confirmed by its successor.
UPDATE entry SET digest = ?2 WHERE sequence = ?1;
