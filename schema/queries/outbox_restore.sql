-- What the outbox holds, sent or not: the newest, oldest first.
-- Parameters: $1 most rows int4. Rows: id, receiver, cluster text; told jsonb; body text; by place.
SELECT id, receiver, cluster, told, body
FROM (SELECT o.* FROM fairlead.outbox AS o ORDER BY o.place DESC LIMIT $1::int4) AS newest
ORDER BY place
LIMIT $1::int4;
