-- Parameters: 1 minute since 1970. Rows: one; up_to is the highest sequence acknowledged before that minute, NULL for none.
SELECT max(up_to) AS up_to FROM acknowledgement WHERE minute < ?1 ORDER BY 1 LIMIT 1;
