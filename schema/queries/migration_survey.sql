-- What this database is: ours, empty, or somebody else's. Reads the catalogue only, so it works before any table of ours exists.
-- Parameters: none.
-- Rows: one. database text; has_migrations bool; has_our_schemas bool; foreign_tables bigint (tables outside our schemas that
--       belong to no extension); is_owner bool (may this role create schemas here); server_version int.
SELECT
    current_database()::text AS database,
    to_regclass('fairlead.migration') IS NOT NULL AS has_migrations,
    EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname IN ('fairlead', 'analytics')) AS has_our_schemas,
    (
        SELECT count(*)
        FROM pg_catalog.pg_class AS relation
        JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = relation.relnamespace
        WHERE relation.relkind IN ('r', 'p', 'v', 'm', 'f')
          AND namespace.nspname NOT IN ('pg_catalog', 'information_schema', 'fairlead', 'analytics')
          AND namespace.nspname NOT LIKE 'pg\_toast%'
          AND namespace.nspname NOT LIKE 'pg\_temp\_%'
          AND NOT EXISTS (
              SELECT FROM pg_catalog.pg_depend AS dependency
              WHERE dependency.objid = relation.oid AND dependency.deptype = 'e')
    ) AS foreign_tables,
    has_database_privilege(current_database(), 'CREATE') AS is_owner,
    current_setting('server_version_num')::int4 AS server_version
LIMIT 1;
