-- Registers a reader, or says anew what it drives. Parameters: $1 name text; $2 what its reading drives text. Rows: none.
INSERT INTO fairlead.consumer AS c (name, drives) VALUES ($1::text, $2::text)
ON CONFLICT (name) DO UPDATE SET drives = excluded.drives WHERE c.drives <> excluded.drives;
