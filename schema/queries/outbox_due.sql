-- What is to be tried now. Of each receiver and cluster only the oldest that is not settled: the next one waits for it, so that the
-- end of an alert never overtakes its beginning. One alerter leads, so nothing is locked.
-- Parameters: $1 most rows per receiver int4; $2 ids that are not asked for text[]; $3 most rows in all int4.
-- Rows: id, receiver, cluster text; told jsonb; body text; attempts int4; by place.
WITH first_due AS (
    SELECT DISTINCT ON (o.receiver, o.cluster) o.*
    FROM fairlead.outbox AS o
    WHERE o.state = 'due'
    ORDER BY o.receiver, o.cluster, o.place
), ranked AS (
    SELECT f.*, row_number() OVER (PARTITION BY f.receiver ORDER BY f.next_attempt_at, f.place) AS rank
    FROM first_due AS f
    WHERE f.next_attempt_at <= clock_timestamp() AND f.id <> ALL ($2::text[])
)
SELECT id, receiver, cluster, told, body, attempts
FROM ranked
WHERE rank <= $1::int4
ORDER BY place
LIMIT $3::int4;
