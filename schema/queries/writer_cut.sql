-- Ends a role's right to write and to log in, and its sessions, at once (see fairlead.cut). For an administrator.
-- Parameters: $1 role text. Rows: one. sessions int4, how many were ended. SQLSTATE: 42704 where there is no such role; 42501.
SELECT fairlead.cut($1::text) AS sessions LIMIT 1;
