-- Parameters: 1 sequence; 2 the digest that the chain asks for. Keeps the place, gives the record up.
UPDATE entry SET record = NULL, digest = ?2 WHERE sequence = ?1;
