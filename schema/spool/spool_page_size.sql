-- Parameters: none. Rows: one, page_size integer, in bytes.
SELECT page_size FROM pragma_page_size LIMIT 1;
