-- The last sealed day is found without reading every seal: there is one for each stream and day, and they stay for ever.
-- oldest-binary: 1
-- Locks: fairlead.seal against writing (a day that is being dropped) while the index is made.

SET LOCAL ROLE fairlead_owner;

CREATE INDEX seal_by_day ON fairlead.seal (received_on);

RESET ROLE;
