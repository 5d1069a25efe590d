-- The most pages that the file may take. A pragma takes no parameter: the count follows this text, at its end.
-- Rows: one, max_page_count integer.
PRAGMA max_page_count =
