-- Parameters: 1 minute since 1970; 2 sequence acknowledged by then.
INSERT INTO acknowledgement (minute, up_to) VALUES (?1, ?2)
ON CONFLICT (minute) DO UPDATE SET up_to = max(up_to, excluded.up_to);
