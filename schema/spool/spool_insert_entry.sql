-- Parameters: 1 sequence; 2 kind (the ASCII code of 't' or 'e'); 3 digest; 4 record. Error 19 where the sequence stands already.
INSERT INTO entry (sequence, kind, digest, record) VALUES (?1, ?2, ?3, ?4);
