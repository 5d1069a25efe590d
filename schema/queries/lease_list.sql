-- Who leads. Parameters: none. Rows: name, holder text; term, remaining_ms int8 (0 or less: expired); by name.
SELECT name, holder, term, (extract(epoch FROM expires_at - clock_timestamp()) * 1000)::int8 AS remaining_ms
FROM fairlead.lease
ORDER BY name
LIMIT 1000;
