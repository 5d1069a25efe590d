-- The newest state of each alert: all that are pending or firing, and the newest resolved ones.
-- Parameters: $1 most resolved int4.
-- Rows: fingerprint, rule, state, summary text; labels jsonb; at_us, seq int8; firing, pending, resolved, each newest first.
(
    SELECT fingerprint, rule, state, summary, labels, at_us, seq FROM fairlead.alert WHERE state IN ('firing', 'pending')
    ORDER BY state, at_us DESC, fingerprint COLLATE "C" DESC LIMIT 100000
)
UNION ALL
(
    SELECT fingerprint, rule, state, summary, labels, at_us, seq FROM fairlead.alert WHERE state = 'resolved'
    ORDER BY at_us DESC, fingerprint COLLATE "C" DESC LIMIT $1::int4
)
LIMIT 100000;
