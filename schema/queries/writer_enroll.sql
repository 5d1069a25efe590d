-- Makes a login role where there is none, and lets it write a cluster's streams or a central one, or read. For an administrator.
-- Parameters: $1 role text; $2 kind text ('cluster', 'central' or 'reader'); $3 name text; $4 password text or NULL (keeps what there is).
-- Rows: one, no meaning. SQLSTATE: 42501 without CREATEROLE; 22023 for another kind, or a name that its kind does not have.
SELECT fairlead.enroll($1::text, $2::text, $3::text, $4::text);
