-- Ends exactly the term that is held, so that the next need not wait. Parameters: $1 name text; $2 holder text; $3 term int8.
-- Rows: none; one row touched, or none.
UPDATE fairlead.lease
SET expires_at = clock_timestamp()
WHERE name = $1::text AND holder = $2::text AND term = $3::int8 AND expires_at > clock_timestamp();
