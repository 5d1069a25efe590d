-- Parameters: 1 copy; 2 stream; 3 head_sequence; 4 head_digest; 5 tail_sequence; 6 tail_digest; 7 acknowledged;
-- 8 highest_epoch; 9 highest_term; 10 entry_count; 11 byte_count (bytes); 12 damaged_count; 13 checksum. Replaces the copy.
INSERT OR REPLACE INTO header (
    copy, stream, head_sequence, head_digest, tail_sequence, tail_digest, acknowledged, highest_epoch, highest_term,
    entry_count, byte_count, damaged_count, checksum)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13);
