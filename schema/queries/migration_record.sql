-- Parameters: $1 number int4, $2 name text, $3 the migration's exact text, $4 oldest binary int4. Rows: none.
-- SQLSTATE: 23505 when another migrator was faster (cannot happen under the lock).
INSERT INTO fairlead.migration (number, name, checksum, oldest_binary)
VALUES ($1::int4, $2::text, sha256(convert_to($3::text, 'UTF8')), $4::int4);
