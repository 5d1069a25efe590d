-- How often appends were refused. Parameters: none.
-- Rows: who text, a stream or "role NAME"; word text (Events.LogRefusal, 'conflict' or 'fenced'); times int8; last_us int8; the newest first.
SELECT who, word, times, (extract(epoch FROM last_at) * 1000000)::int8 AS last_us
FROM fairlead.refusal
ORDER BY last_at DESC, who, word
LIMIT 1000;
