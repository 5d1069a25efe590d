-- Lost records: what a writer numbered and can no longer supply is closed on the log, and never skipped.
-- oldest-binary: 1
-- Locks: only what it creates.

SET LOCAL ROLE fairlead_owner;

-- Closes a hole in a stream (see LogMachine.declareLost, which this equals, check for check). The head moves over the range to the
-- digest that the writer's own chain has at its end; at the range's last number stands one event entries_lost, the closing record,
-- whose hash is that digest. It cannot be recomputed: the verifier also wants the same fact further on, inside the chain.
-- Answers: as fairlead.append. 'refused' 'malformed-entry' for a range that does not run forward, is longer than 100 million, or
-- whose cause is no plain word.
CREATE FUNCTION fairlead.declare_lost(
    p_stream text, p_epoch int8, p_nonce int8, p_first_seq int8, p_last_seq int8, p_hash_before bytea, p_hash_after bytea,
    p_cause text, p_at_us int8,
    OUT answer text, OUT refusal text, OUT epoch int8, OUT seq int8, OUT hash bytea, OUT grant_body text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, fairlead, pg_temp AS $$
#variable_conflict use_column
DECLARE
    v_head fairlead.stream;
    v_now timestamptz := clock_timestamp();
    v_day date;
BEGIN
    IF p_stream IS NULL OR NOT fairlead.may_write(p_stream) THEN
        answer := 'refused'; refusal := 'not-your-stream';
        RETURN;
    END IF;
    -- The lock that orders all writers of this stream; held until commit.
    SELECT s.* INTO v_head FROM fairlead.stream AS s WHERE s.stream_id = fairlead.stream_id(p_stream) FOR NO KEY UPDATE;
    IF NOT FOUND OR v_head.name <> p_stream THEN
        answer := 'refused'; refusal := 'unknown-stream';
        RETURN;
    END IF;
    IF (p_first_seq >= 1 AND p_last_seq >= p_first_seq AND p_last_seq - p_first_seq < 100000000 AND octet_length(p_hash_before) = 32
        AND octet_length(p_hash_after) = 32 AND p_cause ~ '^[a-z-]{1,40}$' AND p_at_us IS NOT NULL) IS NOT TRUE THEN
        answer := 'refused'; refusal := 'malformed-entry';
        RETURN;
    END IF;
    IF p_epoch > v_head.epoch THEN
        answer := 'head_moved_back'; seq := v_head.seq; hash := v_head.hash;
        RETURN;
    END IF;
    IF (p_epoch = v_head.epoch AND p_nonce = v_head.nonce) IS NOT TRUE THEN
        answer := 'fenced'; epoch := v_head.epoch;
        RETURN;
    END IF;
    IF p_last_seq <= v_head.seq THEN
        IF fairlead.digest_at(v_head, p_last_seq) IS DISTINCT FROM p_hash_after THEN
            answer := 'conflict'; seq := p_last_seq;
            RETURN;
        END IF;
        answer := 'duplicate'; seq := v_head.seq; hash := v_head.hash;
    ELSIF p_first_seq <> v_head.seq + 1 THEN
        answer := 'out_of_order'; seq := v_head.seq + 1;
        RETURN;
    ELSIF p_hash_before <> v_head.hash THEN
        answer := 'conflict'; seq := v_head.seq;
        RETURN;
    ELSE
        v_day := greatest(v_head.received_on, (v_now AT TIME ZONE 'UTC')::date);
        IF to_regclass('fairlead.tick_' || to_char(v_day, 'YYYYMMDD')) IS NULL OR to_regclass('fairlead.event_' || to_char(v_day, 'YYYYMMDD')) IS NULL THEN
            answer := 'refused'; refusal := 'no-partition';
            RETURN;
        END IF;
        INSERT INTO fairlead.event (stream_id, seq, received_at, at_us, received_on, version, is_json, hash, kind, body)
        VALUES (
            v_head.stream_id, p_last_seq, v_now, p_at_us, v_day, 1, true, p_hash_after, 'entries_lost',
            format('{"first_seq":%s,"last_seq":%s,"digest_before":"%s","digest_after":"%s","cause":"%s"}', p_first_seq, p_last_seq,
                   encode(p_hash_before, 'hex'), encode(p_hash_after, 'hex'), p_cause));
        UPDATE fairlead.stream AS s
        SET seq = p_last_seq, hash = p_hash_after, received_on = v_day, received_at = v_now,
            recent_seqs = (p_last_seq || v_head.recent_seqs)[1:8], recent_hashes = (p_hash_after || v_head.recent_hashes)[1:8]
        WHERE s.stream_id = v_head.stream_id;
        answer := 'stored'; seq := p_last_seq; hash := p_hash_after;
    END IF;
    IF v_head.cluster IS NOT NULL THEN
        grant_body := (SELECT g.body FROM fairlead.grant_head AS g WHERE g.cluster = v_head.cluster);
    END IF;
END
$$;
REVOKE ALL ON FUNCTION fairlead.declare_lost(text, int8, int8, int8, int8, bytea, bytea, text, int8) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION fairlead.declare_lost(text, int8, int8, int8, int8, bytea, bytea, text, int8)
    TO fairlead_shipper, fairlead_coordinator, fairlead_alerter;

RESET ROLE;
