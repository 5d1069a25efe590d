-- The object identifiers of a composite type and of its array type in this database.
-- Parameters: $1 text, the qualified name. Rows: one, element oid, array oid. SQLSTATE: 42704 where there is no such type.
SELECT oid AS element, typarray AS array FROM pg_catalog.pg_type WHERE oid = $1::text::regtype LIMIT 1;
