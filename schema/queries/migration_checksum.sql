-- The checksum of a migration's text, computed where the stored one was. Parameters: $1 text. Rows: checksum bytea.
SELECT sha256(convert_to($1::text, 'UTF8')) AS checksum LIMIT 1;
