-- Forgets settled notifications that are older than the given age, the oldest first, if the lease is still held under this term. The
-- newest to each receiver about each cluster stays whatever its age: from it a successor reads what was told.
-- Parameters: $1 lease name, $2 holder text; $3 term int8; $4 age int8 (ms); $5 most rows int4.
-- Rows: one. pruned int8: how many went; 0 where another holder or term has the lease.
-- SQLSTATE: 55P03 when the lease's row was held for longer than lock_timeout.
WITH held AS MATERIALIZED (
    SELECT l.term FROM fairlead.lease AS l
    WHERE l.name = $1::text AND l.holder = $2::text AND l.term = $3::int8
    FOR SHARE
), newest AS (
    SELECT max(o.place) AS place FROM fairlead.outbox AS o GROUP BY o.receiver, o.cluster
), old AS (
    SELECT o.id
    FROM fairlead.outbox AS o
    CROSS JOIN held
    WHERE o.state <> 'due' AND o.settled_at < clock_timestamp() - $4::int8 * interval '1 millisecond'
      AND o.place NOT IN (SELECT n.place FROM newest AS n)
    ORDER BY o.place
    LIMIT $5::int4
), gone AS (
    DELETE FROM fairlead.outbox AS o USING old WHERE o.id = old.id RETURNING o.id
)
SELECT count(*) AS pruned FROM gone;
