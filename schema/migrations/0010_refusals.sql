-- Bad appends are counted, in the transaction that answers them.
-- oldest-binary: 1
-- Locks: only what it creates, and the function it renames, for a moment.

SET LOCAL ROLE fairlead_owner;

-- One row per stream and word, of a closed set of words: a hostile writer makes numbers grow, never the table. What is asked of a stream that
-- is not the asker's, or that there is none of, stands under the asking role.
CREATE TABLE fairlead.refusal (
    stream_id int8 NOT NULL,
    who text NOT NULL,
    word text NOT NULL,
    times int8 NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    CONSTRAINT refusal_key PRIMARY KEY (stream_id, word)
) WITH (fillfactor = 50);
COMMENT ON TABLE fairlead.refusal IS 'How often appends were refused, fenced or in conflict, by stream (or "role NAME") and word. No entry of the log.';

-- Counts one. The row it locks until commit is only ever locked by those who write the same stream, or log in as the same role.
CREATE FUNCTION fairlead.count_refusal(p_stream text, p_word text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, fairlead, pg_temp AS $$
DECLARE
    v_who text := CASE WHEN p_word IN ('not-your-stream', 'unknown-stream') THEN 'role ' || session_user ELSE p_stream END;
BEGIN
    INSERT INTO fairlead.refusal AS r (stream_id, who, word, times, first_at, last_at)
    VALUES (fairlead.stream_id(v_who), v_who, p_word, 1, clock_timestamp(), clock_timestamp())
    ON CONFLICT (stream_id, word) DO UPDATE SET times = r.times + 1, last_at = excluded.last_at;
END
$$;

-- The protocol's order of checks, as it was. It answers; fairlead.append_any counts.
ALTER FUNCTION fairlead.append_any(text, int8, int8, int8, bytea, bytea, fairlead.tick_body[], fairlead.event_body[], text) RENAME TO append_in_order;

-- A batch that is not plain. What the tables themselves refuse is an answer too, so that it can be counted: a row that breaks a rule is a
-- malformed entry, one that has no partition finds none.
CREATE FUNCTION fairlead.append_any(
    p_stream text, p_epoch int8, p_nonce int8, p_first_seq int8, p_prev_hash bytea, p_kinds bytea,
    p_ticks fairlead.tick_body[], p_events fairlead.event_body[], p_flaw text,
    OUT answer text, OUT refusal text, OUT epoch int8, OUT seq int8, OUT hash bytea, OUT grant_body text)
LANGUAGE plpgsql SET search_path = pg_catalog, fairlead, pg_temp AS $$
#variable_conflict use_column
DECLARE
    v_constraint text;
BEGIN
    BEGIN
        SELECT a.answer, a.refusal, a.epoch, a.seq, a.hash, a.grant_body INTO answer, refusal, epoch, seq, hash, grant_body
        FROM fairlead.append_in_order(p_stream, p_epoch, p_nonce, p_first_seq, p_prev_hash, p_kinds, p_ticks, p_events, p_flaw) AS a;
    EXCEPTION WHEN data_exception OR not_null_violation OR check_violation THEN
        GET STACKED DIAGNOSTICS v_constraint = CONSTRAINT_NAME;
        answer := 'refused';
        refusal := CASE WHEN SQLSTATE = '23514' AND v_constraint = '' THEN 'no-partition' ELSE 'malformed-entry' END;
    END;
    IF answer IN ('refused', 'conflict', 'fenced') THEN
        PERFORM fairlead.count_refusal(p_stream, coalesce(refusal, answer));
    END IF;
END
$$;

REVOKE ALL ON FUNCTION fairlead.count_refusal(text, text) FROM PUBLIC;
REVOKE ALL ON FUNCTION fairlead.append_any(text, int8, int8, int8, bytea, bytea, fairlead.tick_body[], fairlead.event_body[], text) FROM PUBLIC;
GRANT SELECT ON fairlead.refusal TO fairlead_coordinator, fairlead_alerter, fairlead_operator;

RESET ROLE;
