-- One migrator at a time. The lock ends with the transaction, so that it survives neither a crash nor a pooler.
-- Parameters: none. Rows: one, no meaning. SQLSTATE: 55P03 when another migrator held it for longer than lock_timeout.
-- The key is the ASCII text 'fairlead' as an int8.
SELECT pg_advisory_xact_lock(7377293604775354724);
