-- Whether the development database is there. Returns one row: is_there.
SELECT EXISTS (SELECT FROM pg_catalog.pg_database WHERE datname = 'fairlead') AS is_there
