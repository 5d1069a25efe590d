-- Why a day may not be dropped. Parameters: $1 day text; $2 days to keep int4. Rows: obstacle text, none where it may.
SELECT obstacle FROM fairlead.drop_obstacles($1::text::date, $2::int4) LIMIT 100;
