-- Whether the development database is there. Parameters: none. Rows: one, is_there bool.
SELECT EXISTS (SELECT FROM pg_catalog.pg_database WHERE datname = 'fairlead') AS is_there LIMIT 1;
