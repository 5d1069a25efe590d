-- Writes notifications that are due to be told; one that is there already stays as it is.
-- Parameters: $1 ids, $2 receivers, $3 clusters, $4 told (JSON lists), $5 bodies, all text[]. Rows: none.
INSERT INTO fairlead.outbox (id, receiver, cluster, told, body)
SELECT n.id, n.receiver, n.cluster, n.told::jsonb, n.body
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) WITH ORDINALITY AS n (id, receiver, cluster, told, body, place)
ORDER BY n.place
ON CONFLICT (id) DO NOTHING;
