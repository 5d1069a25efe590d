-- Says how long the log and its roll-ups are kept from now on (see fairlead.set_retention).
-- Parameters: $1 log, $2 minute roll-ups, $3 hour roll-ups int4, days or NULL for ever. Rows: one, of nothing.
-- SQLSTATE: 23514 out of range.
SELECT fairlead.set_retention($1::int4, $2::int4, $3::int4) AS done LIMIT 1;
