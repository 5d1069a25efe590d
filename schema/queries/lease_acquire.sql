-- Takes a lease that is free, expired or already ours. A new holder gets a term above every term seen; the same holder, while its
-- lease lives, keeps its own. Time is the server's clock.
-- Parameters: $1 name text; $2 holder text (one incarnation of a process); $3 length int8 (ms); $4 highest term seen int8.
-- Rows: one. is_mine bool; holder text; term int8; remaining_ms int8. None where another inserted the very first row just now.
WITH seen AS (
    SELECT greatest($4::int8, coalesce((SELECT s.epoch FROM fairlead.stream AS s WHERE s.stream_id = fairlead.stream_id($1::text)), 0)) AS term
), taken AS (
    INSERT INTO fairlead.lease AS l (name, holder, term, acquired_at, renewed_at, expires_at)
    SELECT $1::text, $2::text, seen.term + 1, clock_timestamp(), clock_timestamp(), clock_timestamp() + $3::int8 * interval '1 millisecond'
    FROM seen
    ON CONFLICT (name) DO UPDATE
    SET holder = excluded.holder,
        term = CASE
            WHEN l.holder = excluded.holder AND l.expires_at > clock_timestamp() AND l.term >= excluded.term - 1 THEN l.term
            ELSE greatest(l.term + 1, excluded.term) END,
        acquired_at = CASE
            WHEN l.holder = excluded.holder AND l.expires_at > clock_timestamp() THEN l.acquired_at ELSE excluded.acquired_at END,
        renewed_at = excluded.renewed_at, expires_at = excluded.expires_at
    WHERE l.holder = excluded.holder OR l.expires_at <= clock_timestamp()
    RETURNING l.holder, l.term, l.expires_at
)
SELECT true AS is_mine, holder, term, (extract(epoch FROM expires_at - clock_timestamp()) * 1000)::int8 AS remaining_ms FROM taken
UNION ALL
SELECT false, holder, term, (extract(epoch FROM expires_at - clock_timestamp()) * 1000)::int8
FROM fairlead.lease WHERE name = $1::text AND NOT EXISTS (SELECT FROM taken)
LIMIT 1;
