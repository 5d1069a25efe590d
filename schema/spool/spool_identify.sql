-- Whose file this is. Parameters: none.
-- Rows: one; application_id integer (0 in a new file), format integer (0 in a new file), table_count integer.
SELECT (SELECT application_id FROM pragma_application_id) AS application_id,
       (SELECT user_version FROM pragma_user_version) AS format,
       (SELECT count(*) FROM sqlite_schema) AS table_count
LIMIT 1;
