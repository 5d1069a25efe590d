-- What the outbox says was told, or will be: the newest, oldest first. Bodies are left out: who only remembers needs none.
-- Parameters: $1 most rows int4. Rows: id, receiver, cluster text; told jsonb; by place.
SELECT id, receiver, cluster, told
FROM (
    SELECT o.id, o.place, o.receiver, o.cluster, o.told FROM fairlead.outbox AS o ORDER BY o.place DESC LIMIT $1::int4
) AS newest
ORDER BY place
LIMIT $1::int4;
