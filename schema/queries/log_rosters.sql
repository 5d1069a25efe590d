-- The rosters of every stream: what a reader needs that begins in the middle of one. They stay where the day of their event was dropped.
-- Parameters: none. Rows: stream text; seq int8; body text (JSON); by stream_id, seq.
SELECT s.name AS stream, r.seq, r.body
FROM fairlead.roster AS r JOIN fairlead.stream AS s ON s.stream_id = r.stream_id
ORDER BY r.stream_id, r.seq
LIMIT 1000000;
