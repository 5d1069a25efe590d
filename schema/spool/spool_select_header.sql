-- Parameters: none. Rows: the copies of the header, at most two, in order.
SELECT copy, stream, head_sequence, head_digest, tail_sequence, tail_digest, acknowledged, highest_epoch, highest_term,
       entry_count, byte_count, damaged_count, checksum
FROM header
ORDER BY copy
LIMIT 2;
