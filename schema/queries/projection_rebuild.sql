-- Drops the projections that the log still holds the entries of, and makes them again, in one transaction; appends wait meanwhile.
-- Parameters: none. Rows: one. folded int8, entries. SQLSTATE: 42501 for another than the owner.
SELECT fairlead.rebuild() AS folded LIMIT 1;
