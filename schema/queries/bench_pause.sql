-- Keeps a reader's pace in `fairlead bench append`: answers after that long.
-- Parameters: $1 milliseconds int4. Rows: one, no meaning.
SELECT 1 AS waited FROM pg_sleep($1::int4 / 1000.0) LIMIT 1;
