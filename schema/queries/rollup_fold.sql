-- Folds what follows into the roll-ups, of the streams that are furthest behind; each stream under a lock of its own until commit.
-- Parameters: $1 most streams int4; $2 most entries per stream int4. Rows: one. folded int8, entries; 0: nothing was left.
SELECT fairlead.fold_streams($1::int4, $2::int4) AS folded LIMIT 1;
