-- What `fairlead bench append` reads off the server. Parameters: none.
-- Rows: one. wal_bytes int8, written so far; tick_bytes int8, all partitions of the ticks with index and TOAST; fsync, synchronous_commit text.
SELECT
    (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::int8 AS wal_bytes,
    (SELECT coalesce(sum(pg_total_relation_size(i.inhrelid)), 0)::int8 FROM pg_catalog.pg_inherits AS i WHERE i.inhparent = 'fairlead.tick'::regclass) AS tick_bytes,
    current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS synchronous_commit
LIMIT 1;
