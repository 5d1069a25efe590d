-- Parameters: none. Rows: one, journal_mode text; 'wal' is required.
PRAGMA journal_mode;
