-- How many connections the server admits to roles that are no superusers. Parameters: none. Rows: one. most int4.
SELECT current_setting('max_connections')::int4 - current_setting('superuser_reserved_connections')::int4 AS most LIMIT 1;
