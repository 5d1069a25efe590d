-- Who may tell what, and when it can have been; and the operator's role, for a person's word on what a link carries.
-- oldest-binary: 1
-- Locks: only what it creates; the functions it replaces are in the way of nobody.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'fairlead_operator') THEN
        BEGIN
            CREATE ROLE fairlead_operator NOLOGIN;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;  -- Roles belong to the whole server: another database makes it in this moment.
        END;
    END IF;
END
$$;

SET LOCAL ROLE fairlead_owner;

-- Whether an event of this kind may stand in this stream (see Events.Producer, which this equals; a test holds the two together). A
-- kind that is not known here is a later version's, and may. The stream's name tells the producer: who may write it is another question.
CREATE FUNCTION fairlead.may_tell(p_stream text, p_kind text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN p_kind IN ('roster_declared', 'base_changed', 'leadership_changed', 'grant_received', 'grant_expired') THEN strpos(p_stream, '/') > 0
    WHEN p_kind = 'patch_settled' THEN strpos(p_stream, '/') > 0 OR p_stream = 'coordinator'
    WHEN p_kind IN ('capacity_estimated', 'allocation_decided', 'grant_issued') THEN p_stream = 'coordinator'
    WHEN p_kind IN ('alert_changed', 'notification_settled') THEN p_stream = 'alerter'
    WHEN p_kind = 'capacity_overridden' THEN p_stream = 'operator'
    WHEN p_kind = 'checkpoint_made' THEN p_stream = 'checkpoint'
    ELSE true END;

-- Why these entries are not taken in this stream: 'foreign-kind' (only a cluster's streams hold ticks, and each kind of event has its
-- tellers), 'absurd-time' (a writer's time outside 1970 to 2255: 0 to 9e15 microseconds); NULL where they are.
CREATE FUNCTION fairlead.entries_refusal(p_stream text, p_ticks fairlead.tick_body[], p_events fairlead.event_body[]) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, fairlead, pg_temp AS $$
BEGIN
    IF cardinality(p_events) > 0 THEN
        IF EXISTS (SELECT FROM unnest(p_events) AS e WHERE NOT fairlead.may_tell(p_stream, e.kind)) THEN
            RETURN 'foreign-kind';
        END IF;
    END IF;
    IF cardinality(p_ticks) > 0 THEN
        IF strpos(p_stream, '/') = 0 THEN
            RETURN 'foreign-kind';
        END IF;
        IF EXISTS (SELECT FROM unnest(p_ticks) AS t WHERE t.at_us NOT BETWEEN 0 AND 9000000000000000) THEN
            RETURN 'absurd-time';
        END IF;
    END IF;
    IF cardinality(p_events) > 0 THEN
        IF EXISTS (SELECT FROM unnest(p_events) AS e WHERE e.at_us NOT BETWEEN 0 AND 9000000000000000) THEN
            RETURN 'absurd-time';
        END IF;
    END IF;
    RETURN NULL;
END
$$;

-- Stores a batch in order (see LogMachine.append, which this equals, check for check).
--   p_kinds   one byte per entry, 't' or 'e', in the batch's order; the bodies stand in p_ticks and p_events in that order.
--   p_flaw    what the caller's own codec found wrong right behind the entries given ('malformed-entry', 'batch-too-large'), so
--             that a batch no parameter can carry is still answered in the protocol's order.
-- Answers: 'stored' and 'duplicate' (seq, hash: the head), 'conflict' (seq), 'out_of_order' (seq expected), 'fenced' (epoch),
-- 'head_moved_back' (seq, hash), 'refused' (refusal: a word of Events.LogRefusal). With the first two, the newest grant of the stream's cluster.
-- A body that breaks a constraint of the tables raises 22xxx or 23xxx, and nothing is written.
CREATE OR REPLACE FUNCTION fairlead.append(
    p_stream text, p_epoch int8, p_nonce int8, p_first_seq int8, p_prev_hash bytea, p_kinds bytea,
    p_ticks fairlead.tick_body[], p_events fairlead.event_body[], p_flaw text,
    OUT answer text, OUT refusal text, OUT epoch int8, OUT seq int8, OUT hash bytea, OUT grant_body text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, fairlead, pg_temp AS $$
#variable_conflict use_column
DECLARE
    c_tick CONSTANT int4 := 116;
    c_event CONSTANT int4 := 101;
    v_head fairlead.stream;
    v_count int4 := coalesce(octet_length(p_kinds), 0);
    v_last_known int8;
    v_seq int8;
    v_digest bytea;
    v_digest_known bytea;
    v_tick_count int4 := 0;
    v_event_count int4 := 0;
    v_ticks fairlead.placed[] := '{}';
    v_events fairlead.placed[] := '{}';
    v_now timestamptz := clock_timestamp();
    v_day date;
    v_row record;
    v_found record;
    v_begins_tick boolean := false;
BEGIN
    -- The lock that orders all writers of this stream; held until commit. Nobody locks the head of a stream that is not his.
    SELECT s AS head, (SELECT g.body FROM fairlead.grant_head AS g WHERE g.cluster = s.cluster) AS grant_body INTO v_found
    FROM fairlead.stream AS s
    WHERE s.stream_id = fairlead.stream_id(p_stream) AND fairlead.may_write(p_stream)
    FOR NO KEY UPDATE OF s;
    IF NOT FOUND OR (v_found.head).name <> p_stream THEN
        answer := 'refused'; refusal := CASE WHEN p_stream IS NOT NULL AND fairlead.may_write(p_stream) THEN 'unknown-stream' ELSE 'not-your-stream' END;
        RETURN;
    END IF;
    v_head := v_found.head;
    IF v_count = 0 AND p_flaw IS NULL THEN
        answer := 'refused'; refusal := 'empty-batch';
        RETURN;
    END IF;
    IF p_flaw = 'batch-too-large' OR v_count > 500 OR coalesce(pg_column_size(p_ticks), 0) + coalesce(pg_column_size(p_events), 0) > 6 * 1024 * 1024 THEN
        answer := 'refused'; refusal := 'batch-too-large';
        RETURN;
    END IF;
    -- A claim that the log does not know is either an older one, or one that a restore has forgotten.
    IF p_epoch > v_head.epoch THEN
        answer := 'head_moved_back'; seq := v_head.seq; hash := v_head.hash;
        RETURN;
    END IF;
    IF (p_epoch = v_head.epoch AND p_nonce = v_head.nonce) IS NOT TRUE THEN
        answer := 'fenced'; epoch := v_head.epoch;
        RETURN;
    END IF;
    IF (p_first_seq BETWEEN 1 AND v_head.seq + 1) IS NOT TRUE THEN
        answer := 'out_of_order'; seq := v_head.seq + 1;
        RETURN;
    END IF;
    IF NOT (p_first_seq - 1 = v_head.seq AND v_head.hash = p_prev_hash) AND fairlead.digest_at(v_head, p_first_seq - 1) IS DISTINCT FROM p_prev_hash THEN
        answer := 'conflict'; seq := p_first_seq - 1;
        RETURN;
    END IF;

    -- The chain, recomputed over the canonical bytes of what was received.
    v_last_known := least(p_first_seq + v_count - 1, v_head.seq);
    v_digest := p_prev_hash;
    FOR v_place IN 0 .. v_count - 1 LOOP
        v_seq := p_first_seq + v_place;
        IF get_byte(p_kinds, v_place) = c_tick THEN
            v_tick_count := v_tick_count + 1;
            v_digest := sha256(v_digest || int8send(v_seq) || '\x74'::bytea || record_send(p_ticks[v_tick_count]));
            v_ticks := v_ticks || ROW(v_seq, v_digest)::fairlead.placed;
        ELSIF get_byte(p_kinds, v_place) = c_event THEN
            v_event_count := v_event_count + 1;
            v_digest := sha256(v_digest || int8send(v_seq) || '\x65'::bytea || record_send(p_events[v_event_count]));
            v_events := v_events || ROW(v_seq, v_digest)::fairlead.placed;
        ELSE
            answer := 'refused'; refusal := 'malformed-entry';
            RETURN;
        END IF;
        IF v_seq = v_last_known THEN v_digest_known := v_digest; END IF;
    END LOOP;
    IF v_digest IS NULL OR v_tick_count <> coalesce(cardinality(p_ticks), 0) OR v_event_count <> coalesce(cardinality(p_events), 0) THEN
        answer := 'refused'; refusal := 'malformed-entry';
        RETURN;
    END IF;
    -- An equal digest at the last entry that is stored already means that all before it are equal too.
    IF v_last_known >= p_first_seq AND fairlead.digest_at(v_head, v_last_known) IS DISTINCT FROM v_digest_known THEN
        answer := 'conflict';
        seq := (
            SELECT min(p.seq) FROM unnest(v_ticks || v_events) AS p
            WHERE p.seq <= v_last_known AND fairlead.digest_at(v_head, p.seq) IS DISTINCT FROM p.hash);
        RETURN;
    END IF;
    IF p_flaw IS NOT NULL OR (v_tick_count > 0 AND NOT fairlead.ticks_are_sound(p_ticks)) THEN
        answer := 'refused'; refusal := 'malformed-entry';
        RETURN;
    END IF;
    refusal := fairlead.entries_refusal(p_stream, p_ticks, p_events);
    IF refusal IS NOT NULL THEN
        answer := 'refused';
        RETURN;
    END IF;
    grant_body := v_found.grant_body;
    IF v_seq <= v_head.seq THEN
        answer := 'duplicate'; seq := v_head.seq; hash := v_head.hash;
        RETURN;
    END IF;

    -- A server clock that steps back never reopens a day.
    v_day := greatest(v_head.received_on, (v_now AT TIME ZONE 'UTC')::date);
    -- Asked where the day is new to the stream; a partition that went missing under way fails the INSERT, which is told as such.
    IF (v_day > v_head.received_on OR v_head.seq = 0)
        AND num_nulls(to_regclass('fairlead.tick_' || to_char(v_day, 'YYYYMMDD')), to_regclass('fairlead.event_' || to_char(v_day, 'YYYYMMDD'))) > 0 THEN
        answer := 'refused'; refusal := 'no-partition'; grant_body := NULL;
        RETURN;
    END IF;

    IF v_tick_count > 0 THEN
        FOR v_row IN INSERT INTO fairlead.tick (
            stream_id, seq, received_at, tick_number, at_us, roster_seq, grant_term, grant_version, in_used_bps, in_applied_bps,
            in_floor_bps, in_ceiling_bps, in_grant_bps, proposed_bps, after_flap_budget_bps, after_cooldown_bps, after_clamp_bps,
            desired_bps, requested_bps, suffered_at_bps, received_on, interval_ms, lease_transitions, in_count, in_raw_100ns, in_age_ms,
            in_loss_ppm, in_target_100ns, in_bound_100ns, in_elapsed_ms, smoothed_100ns, lower_threshold_100ns, upper_threshold_100ns,
            counterfactual_100ns, ordinal, link, law, in_flow, in_quality, in_evidence, action, reason, counterfactual_action, is_leader,
            is_shadow, hash, state_before, flow_quality, flow_count, flow_lost, flow_window_ms, flow_age_ms, flow_base_100ns,
            flow_p50_100ns, flow_p95_100ns, flow_p99_100ns, flow_max_100ns, flow_pdv_p95_100ns, flow_ipdv_p95_100ns, flow_jitter_100ns,
            flow_rtt_p50_100ns, workload_used_bps, workload_use_quality, workload_offered, workload_applied_bps, workload_desired_bps,
            workload_replicas)
        SELECT
            v_head.stream_id, b.seq, v_now, b.tick_number, b.at_us, b.roster_seq, b.grant_term, b.grant_version, b.in_used_bps,
            b.in_applied_bps, b.in_floor_bps, b.in_ceiling_bps, b.in_grant_bps, b.proposed_bps, b.after_flap_budget_bps,
            b.after_cooldown_bps, b.after_clamp_bps, b.desired_bps, b.requested_bps, b.suffered_at_bps, v_day, b.interval_ms,
            b.lease_transitions, b.in_count, b.in_raw_100ns, b.in_age_ms, b.in_loss_ppm, b.in_target_100ns, b.in_bound_100ns,
            b.in_elapsed_ms, b.smoothed_100ns, b.lower_threshold_100ns, b.upper_threshold_100ns, b.counterfactual_100ns, b.ordinal, b.link,
            b.law, b.in_flow, b.in_quality, b.in_evidence, b.action, b.reason, b.counterfactual_action, b.is_leader, b.is_shadow, b.hash,
            b.state_before, b.flow_quality, b.flow_count, b.flow_lost, b.flow_window_ms, b.flow_age_ms, b.flow_base_100ns,
            b.flow_p50_100ns, b.flow_p95_100ns, b.flow_p99_100ns, b.flow_max_100ns, b.flow_pdv_p95_100ns, b.flow_ipdv_p95_100ns,
            b.flow_jitter_100ns, b.flow_rtt_p50_100ns, b.workload_used_bps, b.workload_use_quality, b.workload_offered,
            b.workload_applied_bps, b.workload_desired_bps, b.workload_replicas
        FROM unnest(p_ticks, v_ticks) AS b
        WHERE b.seq > v_head.seq
        RETURNING tick.seq, tick.ordinal, tick.tick_number
        LOOP
            -- The rows come in the batch's order: those of the last tick that begins here, or goes on.
            IF v_head.cluster IS NULL THEN
                CONTINUE;
            ELSIF v_row.ordinal = 0 THEN
                v_begins_tick := true;
                v_head.newest_tick_number := v_row.tick_number;
                v_head.newest_tick_seqs := ARRAY[v_row.seq];
            ELSIF v_row.tick_number = v_head.newest_tick_number AND v_row.ordinal = cardinality(v_head.newest_tick_seqs) THEN
                v_head.newest_tick_seqs := v_head.newest_tick_seqs || v_row.seq;
            END IF;
        END LOOP;
        IF v_begins_tick THEN
            v_head.newest_tick_order := nextval('fairlead.tick_order');
            v_head.newest_tick_on := v_day;
        END IF;
    END IF;
    IF v_event_count > 0 THEN
        INSERT INTO fairlead.event (stream_id, seq, received_at, at_us, received_on, version, is_json, hash, kind, body)
        SELECT v_head.stream_id, b.seq, v_now, b.at_us, v_day, b.version, fairlead.reads_as_json(b.body), b.hash, b.kind, b.body
        FROM unnest(p_events, v_events) AS b
        WHERE b.seq > v_head.seq;
        IF EXISTS (SELECT FROM unnest(p_events) AS b WHERE b.kind IN ('roster_declared', 'grant_issued', 'alert_changed')) THEN
            PERFORM fairlead.project_events(v_head, v_day, v_now);
        END IF;
    END IF;

    UPDATE fairlead.stream AS s
    SET seq = v_seq, hash = v_digest, received_on = v_day, received_at = v_now,
        recent_seqs = (v_seq || v_head.recent_seqs)[1:8], recent_hashes = (v_digest || v_head.recent_hashes)[1:8],
        newest_tick_order = v_head.newest_tick_order, newest_tick_number = v_head.newest_tick_number,
        newest_tick_seqs = v_head.newest_tick_seqs, newest_tick_on = v_head.newest_tick_on
    WHERE s.stream_id = v_head.stream_id;
    answer := 'stored'; seq := v_seq; hash := v_digest;
END
$$;

-- Enrols a login role: p_kind 'cluster' as the shipper of the cluster p_name, 'central' as the writer of that central stream. Runs with the caller's rights: an administrator's.
-- p_password NULL leaves the role's password as it is; prefer SCRAM verifiers, which the server takes in the same place.
CREATE OR REPLACE FUNCTION fairlead.enroll(p_role text, p_kind text, p_name text, p_password text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, fairlead, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = p_role) THEN
        EXECUTE format('CREATE ROLE %I LOGIN', p_role);
    END IF;
    EXECUTE format('ALTER ROLE %I LOGIN', p_role);
    IF p_password IS NOT NULL THEN
        EXECUTE format('ALTER ROLE %I PASSWORD %L', p_role, p_password);
    END IF;
    EXECUTE format('ALTER ROLE %I SET statement_timeout = %L', p_role, '30s');
    EXECUTE format('ALTER ROLE %I SET lock_timeout = %L', p_role, '5s');
    EXECUTE format('ALTER ROLE %I SET idle_in_transaction_session_timeout = %L', p_role, '30s');
    EXECUTE format('GRANT %I TO %I', CASE
        WHEN p_kind = 'cluster' THEN 'fairlead_shipper' WHEN p_name = 'coordinator' THEN 'fairlead_coordinator'
        WHEN p_name = 'operator' THEN 'fairlead_operator' ELSE 'fairlead_alerter' END, p_role);
    INSERT INTO fairlead.writer (role_name, kind, name) VALUES (p_role, p_kind, p_name)
    ON CONFLICT (role_name, kind, name) DO UPDATE SET enrolled_at = clock_timestamp(), revoked_at = NULL;
END
$$;

-- The operator reads what a plan is made from, and writes the one stream of its own, where the coordinator reads it.
GRANT USAGE ON SCHEMA fairlead, analytics TO fairlead_operator;
GRANT SELECT ON fairlead.migration, fairlead.stream, fairlead.tick, fairlead.event, fairlead.roster, fairlead.grant_head, fairlead.alert
    TO fairlead_operator;
GRANT EXECUTE ON FUNCTION fairlead.open(text, int8, int8) TO fairlead_operator;
GRANT EXECUTE ON FUNCTION fairlead.append(text, int8, int8, int8, bytea, bytea, fairlead.tick_body[], fairlead.event_body[], text)
    TO fairlead_operator;
GRANT EXECUTE ON FUNCTION fairlead.tick_bytes(fairlead.tick), fairlead.event_bytes(fairlead.event), fairlead.stream_id(text) TO fairlead_operator;
REVOKE ALL ON FUNCTION fairlead.may_tell(text, text) FROM PUBLIC;
REVOKE ALL ON FUNCTION fairlead.entries_refusal(text, fairlead.tick_body[], fairlead.event_body[]) FROM PUBLIC;

RESET ROLE;
