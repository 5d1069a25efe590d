-- What an append pays for, again (schema/README.md, "What an append costs"). A tick in a transaction of its own prepares fewer expressions: its
-- columns come from a variable and not from a table function, no number is widened for a check, who may write is asked in the statement that
-- locks the head. A batch's ticks are looked at in one query, not one by one. Who may write is found by the key of fairlead.writer, and not by
-- reading all of it. No answer changes.
-- oldest-binary: 1
-- Locks: only the functions it replaces.

SET LOCAL ROLE fairlead_owner;

-- Whether the role that logged in may write this stream. The owner may write any: restores and tests need it.
-- (PL/pgSQL, because a function in SQL would be planned again in each transaction. The collation is the key's: session_user brings its own, with
-- which the key would not be used.)
CREATE OR REPLACE FUNCTION fairlead.may_write(p_stream text) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN pg_catalog.pg_has_role(session_user, 'fairlead_owner', 'MEMBER') OR EXISTS (
        SELECT FROM fairlead.writer AS w
        WHERE w.role_name = session_user::text COLLATE pg_catalog."default" AND w.revoked_at IS NULL
          AND w.name = CASE WHEN w.kind = 'central' AND p_stream = 'checkpoint' THEN 'coordinator' WHEN w.kind = 'central' THEN p_stream
              WHEN strpos(p_stream, '/') > 0 THEN split_part(p_stream, '/', 1) END);
END
$$;

-- Whether a tick surely is what fairlead.ticks_are_sound asks for; false where that has to be asked. Few calls in its text, and no query: each
-- transaction pays for each. (Numbers of one width stand together: widening one is a call too.)
CREATE OR REPLACE FUNCTION fairlead.tick_looks_sound(t fairlead.tick_body) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RETURN (
        least(
            t.in_raw_100ns, t.in_target_100ns, t.in_bound_100ns, t.smoothed_100ns, t.lower_threshold_100ns, t.upper_threshold_100ns,
            t.counterfactual_100ns) < 0
        OR least(
            t.in_used_bps, t.in_applied_bps, t.in_floor_bps, t.in_ceiling_bps, t.in_grant_bps, t.proposed_bps, t.after_flap_budget_bps,
            t.after_cooldown_bps, t.after_clamp_bps, t.desired_bps, t.requested_bps, t.suffered_at_bps) < 0
        OR t.in_quality <> ALL ('{0,1,2,3,4,5}'::int2[]) OR t.action <> ALL ('{0,1,2}'::int2[]) OR t.reason < 1 OR t.reason > 27
        OR octet_length(t.state_before) > 256
        OR num_nulls(
            t.link, t.law, t.is_shadow, t.state_before, t.in_quality, t.in_count, t.in_target_100ns, t.in_bound_100ns, t.in_elapsed_ms,
            t.in_floor_bps, t.in_ceiling_bps, t.in_evidence, t.action, t.reason, t.lower_threshold_100ns, t.upper_threshold_100ns)
            NOT IN (0, 16)
        OR num_nulls(t.tick_number, t.ordinal, t.at_us, t.interval_ms, t.roster_seq, t.lease_transitions, t.is_leader) > 0
        -- A first byte above 127: some are missing, which none of these may be.
        OR greatest(
            t.flow_quality, t.workload_use_quality, t.workload_offered, t.workload_replicas, t.flow_count, t.flow_lost, t.flow_window_ms) >= '\x80')
        IS NOT TRUE
    AND fairlead.are_plain_lists(ARRAY[
            t.flow_quality, t.flow_count, t.flow_lost, t.flow_window_ms, t.flow_age_ms, t.flow_base_100ns, t.flow_p50_100ns, t.flow_p95_100ns,
            t.flow_p99_100ns, t.flow_max_100ns, t.flow_pdv_p95_100ns, t.flow_ipdv_p95_100ns, t.flow_jitter_100ns, t.flow_rtt_p50_100ns],
        t.flow_quality, 30, 3)
    AND fairlead.are_plain_lists(
        ARRAY[t.workload_use_quality, t.workload_offered, t.workload_replicas, t.workload_used_bps, t.workload_applied_bps, t.workload_desired_bps],
        t.workload_use_quality, 54, 6)
    AND fairlead.are_plain_counts(
        ARRAY[t.flow_quality, t.workload_use_quality, t.workload_offered, t.workload_replicas], ARRAY[5, 3, 2, 32767]);
END
$$;

-- Whether these bytes are surely a packed list, of p_count values, by its header alone (see fairlead.are_plain_lists; p_header: the two bytes in which
-- it says how many), and whether none of the values of a plain list is above p_largest. Expressions, so that a query holds them inlined.
CREATE FUNCTION fairlead.is_plain_list(p_list bytea, p_header bytea, p_count int4, p_bits int4, p_base_bytes int4) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN octet_length(p_list) >= 4 THEN
        substr(p_list, 2, 2) = p_header AND get_byte(p_list, 3) <= p_base_bytes AND (get_byte(p_list, 0) & 127) <= p_bits
        AND octet_length(p_list) = get_byte(p_list, 3) + (p_count * (get_byte(p_list, 0) & 127) + 39) / 8
        AND CASE WHEN get_byte(p_list, 3) > 0 THEN get_byte(p_list, 4) < 128 ELSE true END
    ELSE p_list = '' AND p_count = 0 END;
-- (What is shorter than five bytes, and a list, is a list of zeros.)
CREATE FUNCTION fairlead.is_plain_count(p_list bytea, p_largest int4) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN octet_length(p_list) < 5 THEN true WHEN get_byte(p_list, 0) > 14 THEN false
    ELSE (1 << get_byte(p_list, 0)) + CASE get_byte(p_list, 3) WHEN 0 THEN 0 WHEN 1 THEN get_byte(p_list, 4) ELSE 65536 END <= p_largest + 1 END;

-- The same of a batch's ticks, in one query: they cost less each, and the query's preparing costs more than a tick. All must have as many flows,
-- and as many workloads, as the first; where a roster changed under way, fairlead.ticks_are_sound is asked.
CREATE FUNCTION fairlead.ticks_look_sound(p_ticks fairlead.tick_body[]) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    v_flows bytea := substr((p_ticks[1]).flow_quality, 2, 2);
    v_workloads bytea := substr((p_ticks[1]).workload_use_quality, 2, 2);
    v_flow_count int4 := CASE WHEN octet_length(v_flows) = 2 THEN get_byte(v_flows, 0) * 256 + get_byte(v_flows, 1) ELSE 0 END;
    v_workload_count int4 := CASE WHEN octet_length(v_workloads) = 2 THEN get_byte(v_workloads, 0) * 256 + get_byte(v_workloads, 1) ELSE 0 END;
BEGIN
    RETURN v_flow_count <= 600 AND v_workload_count <= 600 AND NOT EXISTS (
        SELECT FROM unnest(p_ticks) AS t
        WHERE least(
                t.in_raw_100ns, t.in_target_100ns, t.in_bound_100ns, t.smoothed_100ns, t.lower_threshold_100ns, t.upper_threshold_100ns,
                t.counterfactual_100ns) < 0
            OR least(
                t.in_used_bps, t.in_applied_bps, t.in_floor_bps, t.in_ceiling_bps, t.in_grant_bps, t.proposed_bps, t.after_flap_budget_bps,
                t.after_cooldown_bps, t.after_clamp_bps, t.desired_bps, t.requested_bps, t.suffered_at_bps) < 0
            OR t.in_quality <> ALL ('{0,1,2,3,4,5}'::int2[]) OR t.action <> ALL ('{0,1,2}'::int2[]) OR t.reason < 1 OR t.reason > 27
            OR octet_length(t.state_before) > 256
            OR num_nulls(
                t.link, t.law, t.is_shadow, t.state_before, t.in_quality, t.in_count, t.in_target_100ns, t.in_bound_100ns, t.in_elapsed_ms,
                t.in_floor_bps, t.in_ceiling_bps, t.in_evidence, t.action, t.reason, t.lower_threshold_100ns, t.upper_threshold_100ns)
                NOT IN (0, 16)
            OR num_nulls(t.tick_number, t.ordinal, t.at_us, t.interval_ms, t.roster_seq, t.lease_transitions, t.is_leader) > 0
            -- A first byte above 127: some are missing, which none of these may be.
            OR greatest(
                t.flow_quality, t.workload_use_quality, t.workload_offered, t.workload_replicas, t.flow_count, t.flow_lost, t.flow_window_ms) >= '\x80'
            OR (fairlead.is_plain_list(t.flow_quality, v_flows, v_flow_count, 30, 3)
                AND fairlead.is_plain_list(t.flow_count, v_flows, v_flow_count, 30, 3)
                AND fairlead.is_plain_list(t.flow_lost, v_flows, v_flow_count, 30, 3)
                AND fairlead.is_plain_list(t.flow_window_ms, v_flows, v_flow_count, 30, 3)
                AND fairlead.is_plain_list(t.flow_age_ms, v_flows, v_flow_count, 30, 3)
                AND fairlead.is_plain_list(t.flow_base_100ns, v_flows, v_flow_count, 30, 3)
                AND fairlead.is_plain_list(t.flow_p50_100ns, v_flows, v_flow_count, 30, 3)
                AND fairlead.is_plain_list(t.flow_p95_100ns, v_flows, v_flow_count, 30, 3)
                AND fairlead.is_plain_list(t.flow_p99_100ns, v_flows, v_flow_count, 30, 3)
                AND fairlead.is_plain_list(t.flow_max_100ns, v_flows, v_flow_count, 30, 3)
                AND fairlead.is_plain_list(t.flow_pdv_p95_100ns, v_flows, v_flow_count, 30, 3)
                AND fairlead.is_plain_list(t.flow_ipdv_p95_100ns, v_flows, v_flow_count, 30, 3)
                AND fairlead.is_plain_list(t.flow_jitter_100ns, v_flows, v_flow_count, 30, 3)
                AND fairlead.is_plain_list(t.flow_rtt_p50_100ns, v_flows, v_flow_count, 30, 3)
                AND fairlead.is_plain_list(t.workload_use_quality, v_workloads, v_workload_count, 54, 6)
                AND fairlead.is_plain_list(t.workload_offered, v_workloads, v_workload_count, 54, 6)
                AND fairlead.is_plain_list(t.workload_replicas, v_workloads, v_workload_count, 54, 6)
                AND fairlead.is_plain_list(t.workload_used_bps, v_workloads, v_workload_count, 54, 6)
                AND fairlead.is_plain_list(t.workload_applied_bps, v_workloads, v_workload_count, 54, 6)
                AND fairlead.is_plain_list(t.workload_desired_bps, v_workloads, v_workload_count, 54, 6)
                AND fairlead.is_plain_count(t.flow_quality, 5)
                AND fairlead.is_plain_count(t.workload_use_quality, 3)
                AND fairlead.is_plain_count(t.workload_offered, 2)
                AND fairlead.is_plain_count(t.workload_replicas, 32767)) IS NOT TRUE);
END
$$;

-- Stores a batch in order (see LogMachine.append, which this equals; parameters and answers: fairlead.append_any).
-- Short ways: ticks only, that surely are sound, and go on from the head, on a day that the stream has seen. The UPDATE then is both the lock
-- that orders a stream's writers, held until commit, and all of the protocol's questions; where it finds no row, append_any says why.
CREATE OR REPLACE FUNCTION fairlead.append(
    p_stream text, p_epoch int8, p_nonce int8, p_first_seq int8, p_prev_hash bytea, p_kinds bytea,
    p_ticks fairlead.tick_body[], p_events fairlead.event_body[], p_flaw text,
    OUT answer text, OUT refusal text, OUT epoch int8, OUT seq int8, OUT hash bytea, OUT grant_body text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, fairlead, pg_temp AS $$
#variable_conflict use_column
DECLARE
    v_now timestamptz;
    v_count int4;
    v_tick fairlead.tick_body;
    v_digest bytea;
    v_hashes bytea[];
    v_newest_place int4;
    v_newest_seqs int8[];
    v_stream_id int8;
    v_received_on date;
BEGIN
    IF p_kinds = '\x74' AND cardinality(p_ticks) = 1 AND p_events = '{}' AND p_flaw IS NULL THEN
        -- (A row that begins inside a tick needs the head to tell what it goes on from.)
        v_tick := p_ticks[1];
        IF v_tick.ordinal = 0 AND v_tick.at_us BETWEEN 0 AND 9000000000000000 AND fairlead.tick_looks_sound(p_ticks[1]) THEN
            v_now := clock_timestamp();
            v_digest := sha256(p_prev_hash || int8send(p_first_seq) || '\x74'::bytea || record_send(p_ticks[1]));
            UPDATE fairlead.stream AS s
            SET seq = p_first_seq, hash = v_digest, received_at = v_now,
                recent_seqs = (p_first_seq || s.recent_seqs)[1:8], recent_hashes = (v_digest || s.recent_hashes)[1:8],
                newest_tick_order = nextval('fairlead.tick_order'), newest_tick_number = v_tick.tick_number, newest_tick_seqs = ARRAY[p_first_seq],
                newest_tick_on = s.received_on
            WHERE s.stream_id = fairlead.stream_id(p_stream) AND s.name = p_stream AND s.epoch = p_epoch AND s.nonce = p_nonce
              AND s.seq = p_first_seq - 1 AND s.seq > 0 AND s.hash = p_prev_hash AND s.received_on >= (v_now AT TIME ZONE 'UTC')::date
              AND s.cluster IS NOT NULL
              -- fairlead.may_write, of a cluster's stream.
              AND (pg_has_role(session_user, 'fairlead_owner', 'MEMBER') OR EXISTS (
                SELECT FROM fairlead.writer AS w
                WHERE w.role_name = session_user::text COLLATE pg_catalog."default" AND w.kind = 'cluster' AND w.name = split_part(p_stream, '/', 1)
                  AND w.revoked_at IS NULL))
            RETURNING s.stream_id, s.received_on, 'stored', s.hash, (SELECT g.body FROM fairlead.grant_head AS g WHERE g.cluster = s.cluster)
            INTO v_stream_id, v_received_on, answer, hash, grant_body;
            IF FOUND THEN
                INSERT INTO fairlead.tick (
                    stream_id, seq, received_at, tick_number, at_us, roster_seq, grant_term, grant_version, in_used_bps, in_applied_bps,
                    in_floor_bps, in_ceiling_bps, in_grant_bps, proposed_bps, after_flap_budget_bps, after_cooldown_bps, after_clamp_bps,
                    desired_bps, requested_bps, suffered_at_bps, received_on, interval_ms, lease_transitions, in_count, in_raw_100ns, in_age_ms,
                    in_loss_ppm, in_target_100ns, in_bound_100ns, in_elapsed_ms, smoothed_100ns, lower_threshold_100ns, upper_threshold_100ns,
                    counterfactual_100ns, ordinal, link, law, in_flow, in_quality, in_evidence, action, reason, counterfactual_action, is_leader,
                    is_shadow, hash, state_before, flow_quality, flow_count, flow_lost, flow_window_ms, flow_age_ms, flow_base_100ns,
                    flow_p50_100ns, flow_p95_100ns, flow_p99_100ns, flow_max_100ns, flow_pdv_p95_100ns, flow_ipdv_p95_100ns, flow_jitter_100ns,
                    flow_rtt_p50_100ns, workload_used_bps, workload_use_quality, workload_offered, workload_applied_bps, workload_desired_bps,
                    workload_replicas)
                VALUES (
                    v_stream_id, p_first_seq, v_now, v_tick.tick_number, v_tick.at_us, v_tick.roster_seq, v_tick.grant_term, v_tick.grant_version,
                    v_tick.in_used_bps, v_tick.in_applied_bps, v_tick.in_floor_bps, v_tick.in_ceiling_bps, v_tick.in_grant_bps,
                    v_tick.proposed_bps, v_tick.after_flap_budget_bps, v_tick.after_cooldown_bps, v_tick.after_clamp_bps, v_tick.desired_bps,
                    v_tick.requested_bps, v_tick.suffered_at_bps, v_received_on, v_tick.interval_ms, v_tick.lease_transitions, v_tick.in_count,
                    v_tick.in_raw_100ns, v_tick.in_age_ms, v_tick.in_loss_ppm, v_tick.in_target_100ns, v_tick.in_bound_100ns,
                    v_tick.in_elapsed_ms, v_tick.smoothed_100ns, v_tick.lower_threshold_100ns, v_tick.upper_threshold_100ns,
                    v_tick.counterfactual_100ns, v_tick.ordinal, v_tick.link, v_tick.law, v_tick.in_flow, v_tick.in_quality, v_tick.in_evidence,
                    v_tick.action, v_tick.reason, v_tick.counterfactual_action, v_tick.is_leader, v_tick.is_shadow, v_digest, v_tick.state_before,
                    v_tick.flow_quality, v_tick.flow_count, v_tick.flow_lost, v_tick.flow_window_ms, v_tick.flow_age_ms, v_tick.flow_base_100ns,
                    v_tick.flow_p50_100ns, v_tick.flow_p95_100ns, v_tick.flow_p99_100ns, v_tick.flow_max_100ns, v_tick.flow_pdv_p95_100ns,
                    v_tick.flow_ipdv_p95_100ns, v_tick.flow_jitter_100ns, v_tick.flow_rtt_p50_100ns, v_tick.workload_used_bps,
                    v_tick.workload_use_quality, v_tick.workload_offered, v_tick.workload_applied_bps, v_tick.workload_desired_bps,
                    v_tick.workload_replicas);
                seq := p_first_seq;
                RETURN;
            END IF;
        END IF;
    ELSIF cardinality(p_ticks) BETWEEN 2 AND 500 AND p_kinds = decode(repeat('74', cardinality(p_ticks)), 'hex') AND p_events = '{}' AND p_flaw IS NULL
        AND array_upper(p_ticks, 1) = cardinality(p_ticks) AND (p_ticks[1]).ordinal = 0 AND pg_column_size(p_ticks) <= 6 * 1024 * 1024
    THEN
        v_count := cardinality(p_ticks);
        IF fairlead.ticks_look_sound(p_ticks) AND NOT EXISTS (SELECT FROM unnest(p_ticks) AS t WHERE t.at_us NOT BETWEEN 0 AND 9000000000000000) THEN
            v_now := clock_timestamp();
            v_digest := p_prev_hash;
            v_hashes := '{}';
            FOR v_place IN 1 .. v_count LOOP
                v_digest := sha256(v_digest || int8send(p_first_seq + v_place - 1) || '\x74'::bytea || record_send(p_ticks[v_place]));
                v_hashes := v_hashes || v_digest;
            END LOOP;
            -- The rows of the last tick that begins here.
            v_newest_place := v_count;
            WHILE (p_ticks[v_newest_place]).ordinal <> 0 LOOP
                v_newest_place := v_newest_place - 1;
            END LOOP;
            v_tick := p_ticks[v_newest_place];
            v_newest_seqs := ARRAY[p_first_seq + v_newest_place - 1];
            FOR v_place IN v_newest_place + 1 .. v_count LOOP
                IF (p_ticks[v_place]).tick_number = v_tick.tick_number AND (p_ticks[v_place]).ordinal = cardinality(v_newest_seqs) THEN
                    v_newest_seqs := v_newest_seqs || p_first_seq + v_place - 1;
                END IF;
            END LOOP;
            UPDATE fairlead.stream AS s
            SET seq = p_first_seq + v_count - 1, hash = v_digest, received_at = v_now,
                recent_seqs = (p_first_seq + v_count - 1 || s.recent_seqs)[1:8], recent_hashes = (v_digest || s.recent_hashes)[1:8],
                newest_tick_order = nextval('fairlead.tick_order'), newest_tick_number = v_tick.tick_number, newest_tick_seqs = v_newest_seqs,
                newest_tick_on = s.received_on
            WHERE s.stream_id = fairlead.stream_id(p_stream) AND s.name = p_stream AND s.epoch = p_epoch AND s.nonce = p_nonce
              AND s.seq = p_first_seq - 1 AND s.seq > 0 AND s.hash = p_prev_hash AND s.received_on >= (v_now AT TIME ZONE 'UTC')::date
              AND s.cluster IS NOT NULL AND fairlead.may_write(p_stream)
            RETURNING s.stream_id, s.received_on, 'stored', s.hash, (SELECT g.body FROM fairlead.grant_head AS g WHERE g.cluster = s.cluster)
            INTO v_stream_id, v_received_on, answer, hash, grant_body;
            IF FOUND THEN
                INSERT INTO fairlead.tick (
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
                    v_stream_id, p_first_seq + b.place - 1, v_now, b.tick_number, b.at_us, b.roster_seq, b.grant_term, b.grant_version,
                    b.in_used_bps, b.in_applied_bps, b.in_floor_bps, b.in_ceiling_bps, b.in_grant_bps, b.proposed_bps, b.after_flap_budget_bps,
                    b.after_cooldown_bps, b.after_clamp_bps, b.desired_bps, b.requested_bps, b.suffered_at_bps, v_received_on, b.interval_ms,
                    b.lease_transitions, b.in_count, b.in_raw_100ns, b.in_age_ms, b.in_loss_ppm, b.in_target_100ns, b.in_bound_100ns,
                    b.in_elapsed_ms, b.smoothed_100ns, b.lower_threshold_100ns, b.upper_threshold_100ns, b.counterfactual_100ns, b.ordinal,
                    b.link, b.law, b.in_flow, b.in_quality, b.in_evidence, b.action, b.reason, b.counterfactual_action, b.is_leader, b.is_shadow,
                    b.hash, b.state_before, b.flow_quality, b.flow_count, b.flow_lost, b.flow_window_ms, b.flow_age_ms, b.flow_base_100ns,
                    b.flow_p50_100ns, b.flow_p95_100ns, b.flow_p99_100ns, b.flow_max_100ns, b.flow_pdv_p95_100ns, b.flow_ipdv_p95_100ns,
                    b.flow_jitter_100ns, b.flow_rtt_p50_100ns, b.workload_used_bps, b.workload_use_quality, b.workload_offered,
                    b.workload_applied_bps, b.workload_desired_bps, b.workload_replicas
                FROM unnest(p_ticks, v_hashes) WITH ORDINALITY AS b (
                    tick_number, ordinal, at_us, interval_ms, roster_seq, lease_transitions, is_leader, grant_term, grant_version, flow_quality,
                    flow_count, flow_lost, flow_window_ms, flow_age_ms, flow_base_100ns, flow_p50_100ns, flow_p95_100ns, flow_p99_100ns,
                    flow_max_100ns, flow_pdv_p95_100ns, flow_ipdv_p95_100ns, flow_jitter_100ns, flow_rtt_p50_100ns, workload_used_bps,
                    workload_use_quality, workload_offered, workload_applied_bps, workload_desired_bps, workload_replicas, link, law, is_shadow,
                    state_before, in_flow, in_quality, in_count, in_raw_100ns, in_age_ms, in_loss_ppm, in_target_100ns, in_bound_100ns,
                    in_elapsed_ms, in_used_bps, in_applied_bps, in_floor_bps, in_ceiling_bps, in_grant_bps, in_evidence, action, reason,
                    smoothed_100ns, lower_threshold_100ns, upper_threshold_100ns, proposed_bps, after_flap_budget_bps, after_cooldown_bps,
                    after_clamp_bps, desired_bps, requested_bps, suffered_at_bps, counterfactual_100ns, counterfactual_action, hash, place);
                seq := p_first_seq + v_count - 1;
                RETURN;
            END IF;
        END IF;
    END IF;
    SELECT a.answer, a.refusal, a.epoch, a.seq, a.hash, a.grant_body INTO answer, refusal, epoch, seq, hash, grant_body
    FROM fairlead.append_any(p_stream, p_epoch, p_nonce, p_first_seq, p_prev_hash, p_kinds, p_ticks, p_events, p_flaw) AS a;
END
$$;
REVOKE ALL ON FUNCTION fairlead.is_plain_list(bytea, bytea, int4, int4, int4), fairlead.is_plain_count(bytea, int4),
    fairlead.ticks_look_sound(fairlead.tick_body[]) FROM PUBLIC;

RESET ROLE;
