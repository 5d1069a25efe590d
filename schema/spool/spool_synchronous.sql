-- Parameters: none. Rows: one, synchronous integer; 2 (FULL) is required.
PRAGMA synchronous;
