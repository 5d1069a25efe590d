-- What the central processes keep beside the log: leases, consumers' cursors and the outbox of notifications.
-- oldest-binary: 1
-- Locks: only what it creates.

SET LOCAL ROLE fairlead_owner;

-- One row per elected component. Time is the server's own clock; a term never goes back.
CREATE TABLE fairlead.lease (
    name text NOT NULL,
    holder text NOT NULL,
    term int8 NOT NULL,
    acquired_at timestamptz NOT NULL,
    renewed_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT lease_key PRIMARY KEY (name),
    CONSTRAINT lease_term_counts CHECK (term > 0)
) WITH (fillfactor = 50);
COMMENT ON TABLE fairlead.lease IS 'Who leads: holder is one incarnation of a process, term grows with each new holder. expires_at by the server clock.';

-- How far each consumer has read each stream; stored in the same transaction as what the reading drove.
CREATE TABLE fairlead.consumer_cursor (
    stream_id int8 NOT NULL,
    consumer text NOT NULL,
    seq int8 NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT consumer_cursor_key PRIMARY KEY (stream_id, consumer),
    CONSTRAINT consumer_cursor_counts CHECK (seq >= 0)
) WITH (fillfactor = 70);
COMMENT ON TABLE fairlead.consumer_cursor IS 'The last sequence number that a consumer is done with.';

-- Notifications to deliver, at least once. A row is written before anybody is told, and stays for the record.
CREATE TABLE fairlead.outbox (
    id text NOT NULL,
    place int8 GENERATED ALWAYS AS IDENTITY,
    receiver text NOT NULL,
    cluster text NOT NULL,
    told jsonb NOT NULL,
    body text NOT NULL,
    state text NOT NULL DEFAULT 'due',
    attempts int4 NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    next_attempt_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    settled_at timestamptz,
    last_error text,
    CONSTRAINT outbox_key PRIMARY KEY (id),
    CONSTRAINT outbox_state_is_known CHECK (state IN ('due', 'delivered', 'dead')),
    CONSTRAINT outbox_settled_has_its_time CHECK ((state = 'due') = (settled_at IS NULL)),
    CONSTRAINT outbox_attempts_count CHECK (attempts >= 0)
) WITH (fillfactor = 70);
CREATE INDEX outbox_due ON fairlead.outbox (next_attempt_at) WHERE state = 'due';
CREATE INDEX outbox_by_place ON fairlead.outbox (place);
COMMENT ON TABLE fairlead.outbox IS 'Notifications, delivered at least once: id is the idempotency key that lets a receiver drop the second. told: which alerts, and how. dead: given up, visible for a person.';

GRANT SELECT, INSERT, UPDATE ON fairlead.lease, fairlead.consumer_cursor TO fairlead_coordinator, fairlead_alerter;
GRANT SELECT ON fairlead.outbox TO fairlead_coordinator;
GRANT SELECT, INSERT, UPDATE ON fairlead.outbox TO fairlead_alerter;

RESET ROLE;
