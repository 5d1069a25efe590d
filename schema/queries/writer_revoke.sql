-- Ends a role's right to write, at once: each append asks. Parameters: $1 role text. Rows: none.
UPDATE fairlead.writer SET revoked_at = clock_timestamp() WHERE role_name = $1::text AND revoked_at IS NULL;
