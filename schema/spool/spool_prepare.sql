-- Run on every new connection, before anything else. Rows: what SQLite answers, no meaning.
-- EXCLUSIVE: a spool belongs to one process; a second opener gets SQLITE_BUSY (5), and a killed holder's lock ends with it.
-- FULL after WAL: a commit has been flushed when it returns (NORMAL would flush at checkpoints only).
-- The journal is cut back to 8 MiB after a checkpoint; the page cache holds 512 KiB.
PRAGMA locking_mode = EXCLUSIVE;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA journal_size_limit = 8388608;
PRAGMA cache_size = -512;
