-- Makes a login role where there is none, and lets it write a cluster's streams or a central one. For an administrator.
-- Parameters: $1 role text; $2 kind text ('cluster' or 'central'); $3 name text; $4 password text or NULL (keeps what there is).
-- Rows: one, no meaning. SQLSTATE: 42501 without CREATEROLE; 23514 for another kind or a name with a slash.
SELECT fairlead.enroll($1::text, $2::text, $3::text, $4::text);
