-- Takes a reader off, with its cursors: no day waits for it any more. For a member of fairlead_owner. Parameters: $1 name text.
-- Rows: one. removed int8, how many rows went: 0 where nobody knew it.
WITH cursors AS (DELETE FROM fairlead.consumer_cursor WHERE consumer = $1::text RETURNING 1),
readers AS (DELETE FROM fairlead.consumer WHERE name = $1::text RETURNING 1)
SELECT (SELECT count(*) FROM cursors) + (SELECT count(*) FROM readers) AS removed
LIMIT 1;
