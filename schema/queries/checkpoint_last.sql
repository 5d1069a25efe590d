-- The newest checkpoint on the log. Parameters: none. Rows: none or one. body text.
SELECT e.body FROM fairlead.event AS e
WHERE e.stream_id = fairlead.stream_id('checkpoint') AND e.kind = 'checkpoint_made'
ORDER BY e.seq DESC
LIMIT 1;
