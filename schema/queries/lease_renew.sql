-- Lengthens exactly the term that is held. Nothing is touched where it has expired or somebody else holds the lease.
-- Parameters: $1 name text; $2 holder text; $3 term int8; $4 length int8 (ms). Rows: none; one row touched, or none.
UPDATE fairlead.lease
SET renewed_at = clock_timestamp(), expires_at = clock_timestamp() + $4::int8 * interval '1 millisecond'
WHERE name = $1::text AND holder = $2::text AND term = $3::int8 AND expires_at > clock_timestamp();
