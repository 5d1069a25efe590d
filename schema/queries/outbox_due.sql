-- What is to be tried now, oldest first. One alerter leads, so nothing is locked.
-- Parameters: $1 most rows int4. Rows: id, receiver, cluster text; told jsonb; body text; attempts int4; by place.
SELECT id, receiver, cluster, told, body, attempts
FROM fairlead.outbox
WHERE state = 'due' AND next_attempt_at <= clock_timestamp()
ORDER BY place
LIMIT $1::int4;
