-- The alerter forgets old notifications.
-- oldest-binary: 1
-- Locks: the table fairlead.outbox, for the catalogue's change only.

SET LOCAL ROLE fairlead_owner;

GRANT DELETE ON fairlead.outbox TO fairlead_alerter;

RESET ROLE;
