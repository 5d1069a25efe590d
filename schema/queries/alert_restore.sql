-- The newest change of each alert on the alerter's stream. Parameters: $1 most rows int4.
-- Rows: fingerprint, rule, state text; labels jsonb; summary text; at_us int8 (µs since 1970); the newest first.
SELECT fingerprint, rule, state, labels, summary, at_us
FROM fairlead.alert
ORDER BY seq DESC
LIMIT $1::int4;
