-- What no reader of this schema could use is refused: a kind, or a version of one, that it does not know, a body that is no JSON. And what would
-- stand in everybody's way, or in its asker's for ever: a stream's name without bound, an epoch too far above the stream's own.
-- oldest-binary: 1
-- Locks: only the functions it replaces.

SET LOCAL ROLE fairlead_owner;

-- The newest version of a kind's body that this schema knows (see Events.Fact, which this equals; a test holds the two together); NULL for a
-- kind that it does not know. A migration that brings a kind or a version replaces this function: databases are migrated before the writers.
CREATE FUNCTION fairlead.newest_version(p_kind text) RETURNS int2
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN p_kind IN (
    'roster_declared', 'patch_settled', 'base_changed', 'leadership_changed', 'grant_received', 'grant_expired', 'entries_lost',
    'spool_set_aside', 'process_started', 'capacity_estimated', 'allocation_decided', 'grant_issued', 'capacity_overridden', 'alert_changed',
    'notification_settled', 'checkpoint_made') THEN 1::int2 END;
REVOKE ALL ON FUNCTION fairlead.newest_version(text) FROM PUBLIC;

-- Why these entries are not taken in this stream; NULL where they are. In this order: 'unknown-kind', 'foreign-kind' (only a cluster's streams hold
-- ticks, and each kind of event has its tellers), 'future-version', 'absurd-time' (a writer's time outside 1970 to 2255: 0 to 9e15
-- microseconds), 'entry-too-large' (more than 128 KiB of canonical bytes in a cluster's stream), 'malformed-entry' (a version below 1, a body
-- that is no JSON: NaN is none).
CREATE OR REPLACE FUNCTION fairlead.entries_refusal(p_stream text, p_ticks fairlead.tick_body[], p_events fairlead.event_body[]) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, fairlead, pg_temp AS $$
DECLARE
    v_is_cluster boolean := strpos(p_stream, '/') > 0;
    v_refusal text;
BEGIN
    IF cardinality(p_events) > 0 THEN
        v_refusal := (
            SELECT CASE
                WHEN bool_or(fairlead.newest_version(e.kind) IS NULL) THEN 'unknown-kind'
                WHEN cardinality(p_ticks) > 0 AND NOT v_is_cluster OR bool_or(NOT fairlead.may_tell(p_stream, e.kind)) THEN 'foreign-kind'
                WHEN bool_or(e.version > fairlead.newest_version(e.kind)) THEN 'future-version'
                WHEN bool_or(e.at_us NOT BETWEEN 0 AND 9000000000000000) THEN 'absurd-time' END
            FROM unnest(p_events) AS e);
        IF v_refusal IS NOT NULL THEN
            RETURN v_refusal;
        END IF;
    END IF;
    IF cardinality(p_ticks) > 0 THEN
        IF NOT v_is_cluster THEN
            RETURN 'foreign-kind';
        END IF;
        IF EXISTS (SELECT FROM unnest(p_ticks) AS t WHERE t.at_us NOT BETWEEN 0 AND 9000000000000000) THEN
            RETURN 'absurd-time';
        END IF;
    END IF;
    IF v_is_cluster THEN
        IF EXISTS (SELECT FROM unnest(p_ticks) AS t WHERE octet_length(record_send(t)) > 131072)
            OR EXISTS (SELECT FROM unnest(p_events) AS e WHERE octet_length(record_send(e)) > 131072) THEN
            RETURN 'entry-too-large';
        END IF;
    END IF;
    IF cardinality(p_events) > 0 THEN
        IF EXISTS (SELECT FROM unnest(p_events) AS e WHERE (e.version >= 1 AND fairlead.reads_as_json(e.body)) IS NOT TRUE) THEN
            RETURN 'malformed-entry';
        END IF;
    END IF;
    RETURN NULL;
END
$$;

-- Counts one. What is asked of a stream that is not the asker's, or that there may be none of, stands under the asking role, so that nobody can
-- make the table grow. The row it locks until commit is only ever locked by those who write the same stream, or log in as the same role.
CREATE OR REPLACE FUNCTION fairlead.count_refusal(p_stream text, p_word text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, fairlead, pg_temp AS $$
DECLARE
    v_who text := CASE WHEN p_word IN ('not-your-stream', 'unknown-stream', 'name-too-long', 'absurd-epoch') THEN 'role ' || session_user ELSE p_stream END;
BEGIN
    INSERT INTO fairlead.refusal AS r (stream_id, who, word, times, first_at, last_at)
    VALUES (fairlead.stream_id(v_who), v_who, p_word, 1, clock_timestamp(), clock_timestamp())
    ON CONFLICT (stream_id, word) DO UPDATE SET times = r.times + 1, last_at = excluded.last_at;
END
$$;

-- Claims a stream for one writer (see LogMachine.open, which this equals). Every older claim is fenced from then on.
--   p_highest_epoch_seen  the highest epoch the caller ever held or saw for it: the new one lies above that too, so that none goes back.
--   p_term                a central producer's epoch is exactly this, its lease's term; NULL for a spool.
-- Answers 'opened', or 'refused' and a word. No epoch lies more than a billion above the stream's own: one near the largest number would leave no
-- next one to anybody. With the claim: the newest grant of the cluster, and the rows of the last tick that any spool of the cluster stored.
CREATE OR REPLACE FUNCTION fairlead.open(
    p_stream text, p_highest_epoch_seen int8, p_term int8,
    OUT answer text, OUT refusal text, OUT epoch int8, OUT nonce int8, OUT seq int8, OUT hash bytea, OUT grant_body text,
    OUT newest_stream text, OUT newest_seqs int8[], OUT newest_bodies bytea[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, fairlead, pg_temp AS $$
#variable_conflict use_column
DECLARE
    c_farthest CONSTANT int8 := 1000000000;
    v_id int8 := fairlead.stream_id(p_stream);
    v_head fairlead.stream;
    v_newest fairlead.stream;
BEGIN
    IF p_stream IS NULL OR NOT fairlead.may_write(p_stream) THEN
        answer := 'refused'; refusal := 'not-your-stream';
    ELSIF octet_length(p_stream) > 200 THEN
        answer := 'refused'; refusal := 'name-too-long';
    -- A refused claim leaves no stream behind.
    ELSIF p_term < p_highest_epoch_seen THEN
        answer := 'refused'; refusal := 'stale-term';
        RETURN;
    ELSIF greatest(p_highest_epoch_seen, p_term, 0) - coalesce((SELECT s.epoch FROM fairlead.stream AS s WHERE s.stream_id = v_id), 0) > c_farthest THEN
        answer := 'refused'; refusal := 'absurd-epoch';
    END IF;
    IF refusal IS NOT NULL THEN
        PERFORM fairlead.count_refusal(p_stream, refusal);
        RETURN;
    END IF;
    INSERT INTO fairlead.stream (stream_id, name, cluster, hash, received_on)
    VALUES (
        v_id, p_stream, CASE WHEN strpos(p_stream, '/') > 0 THEN split_part(p_stream, '/', 1) END, fairlead.genesis(p_stream),
        (clock_timestamp() AT TIME ZONE 'UTC')::date)
    ON CONFLICT (stream_id) DO NOTHING;
    -- The lock that orders all writers of this stream.
    SELECT s.* INTO STRICT v_head FROM fairlead.stream AS s WHERE s.stream_id = v_id FOR NO KEY UPDATE;
    IF v_head.name <> p_stream THEN
        RAISE EXCEPTION 'the streams % and % have one id', v_head.name, p_stream USING ERRCODE = '23505';
    END IF;
    IF p_term IS NOT NULL THEN
        -- A term belongs to one holder, who may come back after its connection broke: equal is his, lower is a zombie's.
        IF p_term < greatest(v_head.epoch, p_highest_epoch_seen) THEN
            answer := 'refused'; refusal := 'stale-term';
            RETURN;
        END IF;
        v_head.epoch := p_term;
    ELSE
        v_head.epoch := greatest(v_head.epoch, p_highest_epoch_seen) + 1;
    END IF;
    v_head.nonce := ('x' || substr(replace(gen_random_uuid()::text, '-', ''), 17))::bit(64)::int8;
    UPDATE fairlead.stream AS s SET epoch = v_head.epoch, nonce = v_head.nonce, opened_at = clock_timestamp() WHERE s.stream_id = v_id;

    answer := 'opened';
    epoch := v_head.epoch;
    nonce := v_head.nonce;
    seq := v_head.seq;
    hash := v_head.hash;
    IF v_head.cluster IS NOT NULL THEN
        grant_body := (SELECT g.body FROM fairlead.grant_head AS g WHERE g.cluster = v_head.cluster);
        SELECT s.* INTO v_newest FROM fairlead.stream AS s
        WHERE s.cluster = v_head.cluster AND s.newest_tick_order IS NOT NULL
        ORDER BY s.newest_tick_order DESC LIMIT 1;
        IF FOUND THEN
            newest_stream := v_newest.name;
            SELECT array_agg(t.seq ORDER BY t.seq), array_agg(fairlead.tick_bytes(t) ORDER BY t.seq) INTO newest_seqs, newest_bodies
            FROM fairlead.tick AS t
            WHERE t.stream_id = v_newest.stream_id AND t.seq = ANY (v_newest.newest_tick_seqs)
              AND t.received_on BETWEEN v_newest.newest_tick_on AND v_newest.received_on;
        END IF;
    END IF;
END
$$;

RESET ROLE;
