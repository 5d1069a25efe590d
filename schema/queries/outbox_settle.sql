-- Records one attempt. A settled notification stays settled, and an attempt that is recorded already is not counted again.
-- Parameters: $1 id text; $2 new state text ('delivered', 'dead', or 'due' to try again); $3 wait before that int8 (ms);
--             $4 what the attempt met text or NULL; $5 which attempt int4, from 1. Rows: none.
UPDATE fairlead.outbox
SET state = $2::text, attempts = greatest(attempts, $5::int4),
    next_attempt_at = clock_timestamp() + $3::int8 * interval '1 millisecond',
    settled_at = CASE WHEN $2::text = 'due' THEN NULL ELSE clock_timestamp() END, last_error = $4::text
WHERE id = $1::text AND state = 'due' AND ($2::text <> 'due' OR attempts < $5::int4);
