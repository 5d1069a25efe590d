-- Parameters: 1 key; 2 content; 3 checksum. Replaces.
INSERT OR REPLACE INTO value (key, content, checksum) VALUES (?1, ?2, ?3);
