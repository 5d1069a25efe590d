-- A digest per projection. Parameters: none. Rows: projection text; row_count int8; digest text (SHA-256, hexadecimal); by projection.
SELECT projection, row_count, digest FROM fairlead.projection_digests() ORDER BY projection LIMIT 100;
