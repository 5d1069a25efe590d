-- A tick in a transaction of its own, at half the cost. What an append pays for is mostly PostgreSQL preparing its statements anew in each
-- transaction (schema/README.md, "What an append costs"). So the batch that nearly all are, sound ticks that go on from the head, takes a short
-- way of two statements; whatever else may come takes the way it took before, which asks everything in the protocol's order.
-- oldest-binary: 1
-- Locks: only the function it renames, for a moment.

SET LOCAL ROLE fairlead_owner;

-- Whether these bytes are surely packed lists as long as p_like, of values from 0 up, by their headers alone: codes of at most p_bits bits on
-- a base of at most p_base_bytes bytes. False does not say that they are none: fairlead.is_packed looks at each value.
CREATE FUNCTION fairlead.are_plain_lists(p_lists bytea[], p_like bytea, p_bits int4, p_base_bytes int4) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    v_list bytea;
    v_count bytea := substr(p_like, 2, 2);
    v_length int4;
BEGIN
    IF octet_length(v_count) < 2 THEN
        RETURN '' = p_like AND '' = ALL (p_lists);
    END IF;
    v_length := get_byte(v_count, 0) * 256 + get_byte(v_count, 1);
    FOREACH v_list IN ARRAY p_lists LOOP
        IF (CASE WHEN (octet_length(v_list) >= 4) IS NOT TRUE THEN true
            WHEN substr(v_list, 2, 2) <> v_count OR get_byte(v_list, 3) > p_base_bytes OR (get_byte(v_list, 0) & 127) > p_bits
                OR octet_length(v_list) - 4 <> get_byte(v_list, 3) + (v_length * (get_byte(v_list, 0) & 127) + 7) / 8 THEN true
            WHEN get_byte(v_list, 3) > 0 THEN get_byte(v_list, 4) > 127 ELSE false END) IS NOT FALSE
        THEN
            RETURN false;
        END IF;
    END LOOP;
    RETURN true;
END
$$;

-- Whether plain lists surely hold no value above their p_largest. None of theirs may be missing.
CREATE FUNCTION fairlead.are_plain_counts(p_lists bytea[], p_largest int4[]) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    v_list bytea;
BEGIN
    FOR v_place IN 1 .. cardinality(p_lists) LOOP
        v_list := p_lists[v_place];
        IF (CASE WHEN v_list = '' THEN false WHEN get_byte(v_list, 0) > 14 THEN true
            ELSE (1 << get_byte(v_list, 0)) + CASE get_byte(v_list, 3) WHEN 0 THEN 0 WHEN 1 THEN get_byte(v_list, 4) ELSE 65536 END > p_largest[v_place] + 1
            END) IS NOT FALSE
        THEN
            RETURN false;
        END IF;
    END LOOP;
    RETURN true;
END
$$;

-- Whether a tick surely is what fairlead.ticks_are_sound asks for; false where that has to be asked. Few calls in its text, and no query: each
-- transaction pays for each.
CREATE FUNCTION fairlead.tick_looks_sound(t fairlead.tick_body) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RETURN (
        least(
            t.in_raw_100ns, t.in_target_100ns, t.in_bound_100ns, t.smoothed_100ns, t.lower_threshold_100ns, t.upper_threshold_100ns,
            t.counterfactual_100ns, t.in_quality, t.action, t.reason - 1, 5 - t.in_quality, 2 - t.action, 27 - t.reason,
            256 - octet_length(t.state_before), t.in_used_bps, t.in_applied_bps, t.in_floor_bps, t.in_ceiling_bps, t.in_grant_bps, t.proposed_bps,
            t.after_flap_budget_bps, t.after_cooldown_bps, t.after_clamp_bps, t.desired_bps, t.requested_bps, t.suffered_at_bps) < 0
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

-- The whole of the protocol, every check of it, as it was; fairlead.append asks it for all that is not plain.
ALTER FUNCTION fairlead.append(text, int8, int8, int8, bytea, bytea, fairlead.tick_body[], fairlead.event_body[], text) RENAME TO append_any;
REVOKE ALL ON FUNCTION fairlead.append_any(text, int8, int8, int8, bytea, bytea, fairlead.tick_body[], fairlead.event_body[], text)
    FROM fairlead_shipper, fairlead_coordinator, fairlead_alerter, fairlead_operator;

-- Stores a batch in order (see LogMachine.append, which this equals; parameters and answers: fairlead.append_any).
-- Short way: ticks only, that surely are sound, and go on from the head, on a day that the stream has seen. The UPDATE then is both the lock
-- that orders a stream's writers, held until commit, and all of the protocol's questions; where it finds no row, append_any says why.
CREATE FUNCTION fairlead.append(
    p_stream text, p_epoch int8, p_nonce int8, p_first_seq int8, p_prev_hash bytea, p_kinds bytea,
    p_ticks fairlead.tick_body[], p_events fairlead.event_body[], p_flaw text,
    OUT answer text, OUT refusal text, OUT epoch int8, OUT seq int8, OUT hash bytea, OUT grant_body text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, fairlead, pg_temp AS $$
#variable_conflict use_column
DECLARE
    v_now timestamptz := clock_timestamp();
    v_count int4 := cardinality(p_ticks);
    v_is_plain boolean := coalesce(
        v_count BETWEEN 1 AND 500 AND octet_length(p_kinds) = v_count AND p_kinds = decode(repeat('74', v_count), 'hex') AND cardinality(p_events) = 0
        AND p_flaw IS NULL AND strpos(p_stream, '/') > 0 AND pg_column_size(p_ticks) <= 6 * 1024 * 1024, false);
    v_tick fairlead.tick_body;
    v_digest bytea := p_prev_hash;
    v_seqs int8[] := '{}';
    v_hashes bytea[] := '{}';
    v_newest_number int8;
    v_newest_seqs int8[];
    v_head record;
BEGIN
    FOR v_place IN 1 .. CASE WHEN v_is_plain THEN v_count ELSE 0 END LOOP
        v_tick := p_ticks[v_place];
        seq := p_first_seq + v_place - 1;
        IF v_tick.ordinal = 0 THEN
            v_newest_number := v_tick.tick_number;
            v_newest_seqs := ARRAY[seq];
        ELSIF v_tick.tick_number = v_newest_number AND v_tick.ordinal = cardinality(v_newest_seqs) THEN
            v_newest_seqs := v_newest_seqs || seq;
        END IF;
        -- (A batch that begins inside a tick needs the head to tell what it goes on from.)
        IF (v_newest_number IS NOT NULL AND v_tick.at_us BETWEEN 0 AND 9000000000000000 AND fairlead.tick_looks_sound(p_ticks[v_place])) IS NOT TRUE THEN
            v_is_plain := false;
            EXIT;
        END IF;
        v_digest := sha256(v_digest || int8send(seq) || '\x74'::bytea || record_send(p_ticks[v_place]));
        v_seqs := v_seqs || seq;
        v_hashes := v_hashes || v_digest;
    END LOOP;
    IF v_is_plain THEN
        UPDATE fairlead.stream AS s
        SET seq = p_first_seq + v_count - 1, hash = v_digest, received_at = v_now,
            recent_seqs = (p_first_seq + v_count - 1 || s.recent_seqs)[1:8], recent_hashes = (v_digest || s.recent_hashes)[1:8],
            newest_tick_order = nextval('fairlead.tick_order'), newest_tick_number = v_newest_number, newest_tick_seqs = v_newest_seqs,
            newest_tick_on = s.received_on
        WHERE s.stream_id = fairlead.stream_id(p_stream) AND s.name = p_stream AND s.epoch = p_epoch AND s.nonce = p_nonce
          AND s.seq = p_first_seq - 1 AND s.seq > 0 AND s.hash = p_prev_hash AND s.received_on >= (v_now AT TIME ZONE 'UTC')::date
          AND fairlead.may_write(p_stream)
        RETURNING s.stream_id, s.received_on, (SELECT g.body FROM fairlead.grant_head AS g WHERE g.cluster = s.cluster) AS grant_body INTO v_head;
    END IF;
    IF v_head IS NULL THEN
        SELECT a.answer, a.refusal, a.epoch, a.seq, a.hash, a.grant_body INTO answer, refusal, epoch, seq, hash, grant_body
        FROM fairlead.append_any(p_stream, p_epoch, p_nonce, p_first_seq, p_prev_hash, p_kinds, p_ticks, p_events, p_flaw) AS a;
        RETURN;
    END IF;

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
        v_head.stream_id, b.seq, v_now, b.tick_number, b.at_us, b.roster_seq, b.grant_term, b.grant_version, b.in_used_bps,
        b.in_applied_bps, b.in_floor_bps, b.in_ceiling_bps, b.in_grant_bps, b.proposed_bps, b.after_flap_budget_bps,
        b.after_cooldown_bps, b.after_clamp_bps, b.desired_bps, b.requested_bps, b.suffered_at_bps, v_head.received_on, b.interval_ms,
        b.lease_transitions, b.in_count, b.in_raw_100ns, b.in_age_ms, b.in_loss_ppm, b.in_target_100ns, b.in_bound_100ns,
        b.in_elapsed_ms, b.smoothed_100ns, b.lower_threshold_100ns, b.upper_threshold_100ns, b.counterfactual_100ns, b.ordinal, b.link,
        b.law, b.in_flow, b.in_quality, b.in_evidence, b.action, b.reason, b.counterfactual_action, b.is_leader, b.is_shadow, b.hash,
        b.state_before, b.flow_quality, b.flow_count, b.flow_lost, b.flow_window_ms, b.flow_age_ms, b.flow_base_100ns,
        b.flow_p50_100ns, b.flow_p95_100ns, b.flow_p99_100ns, b.flow_max_100ns, b.flow_pdv_p95_100ns, b.flow_ipdv_p95_100ns,
        b.flow_jitter_100ns, b.flow_rtt_p50_100ns, b.workload_used_bps, b.workload_use_quality, b.workload_offered,
        b.workload_applied_bps, b.workload_desired_bps, b.workload_replicas
    FROM unnest(p_ticks, v_seqs, v_hashes) AS b (
        tick_number, ordinal, at_us, interval_ms, roster_seq, lease_transitions, is_leader, grant_term, grant_version, flow_quality,
        flow_count, flow_lost, flow_window_ms, flow_age_ms, flow_base_100ns, flow_p50_100ns, flow_p95_100ns, flow_p99_100ns,
        flow_max_100ns, flow_pdv_p95_100ns, flow_ipdv_p95_100ns, flow_jitter_100ns, flow_rtt_p50_100ns, workload_used_bps,
        workload_use_quality, workload_offered, workload_applied_bps, workload_desired_bps, workload_replicas, link, law, is_shadow,
        state_before, in_flow, in_quality, in_count, in_raw_100ns, in_age_ms, in_loss_ppm, in_target_100ns, in_bound_100ns,
        in_elapsed_ms, in_used_bps, in_applied_bps, in_floor_bps, in_ceiling_bps, in_grant_bps, in_evidence, action, reason,
        smoothed_100ns, lower_threshold_100ns, upper_threshold_100ns, proposed_bps, after_flap_budget_bps, after_cooldown_bps,
        after_clamp_bps, desired_bps, requested_bps, suffered_at_bps, counterfactual_100ns, counterfactual_action, seq, hash);
    answer := 'stored'; hash := v_digest; grant_body := v_head.grant_body;
END
$$;
REVOKE ALL ON FUNCTION fairlead.append(text, int8, int8, int8, bytea, bytea, fairlead.tick_body[], fairlead.event_body[], text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION fairlead.append(text, int8, int8, int8, bytea, bytea, fairlead.tick_body[], fairlead.event_body[], text)
    TO fairlead_shipper, fairlead_coordinator, fairlead_alerter, fairlead_operator;
REVOKE ALL ON FUNCTION fairlead.are_plain_lists(bytea[], bytea, int4, int4), fairlead.are_plain_counts(bytea[], int4[]),
    fairlead.tick_looks_sound(fairlead.tick_body) FROM PUBLIC;

RESET ROLE;
