-- Seals and drops the oldest day (see fairlead.drop_day; takes an exclusive lock on tick and event for a moment).
-- Parameters: $1 day text; $2 days to keep int4. Rows: one. sealed int4, streams. SQLSTATE: 55000 with the first obstacle; 55P03.
SELECT fairlead.drop_day($1::text::date, $2::int4) AS sealed LIMIT 1;
