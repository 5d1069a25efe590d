-- The structure of the whole file, without the indexes' content. Reads every page: for opening only.
-- Parameters: none. Rows: one text, 'ok', or up to ten problems.
PRAGMA quick_check(10);
