-- The event log: roles, canonical bodies, streams, ticks, events, projections, and the two functions that a shipper may call.
-- oldest-binary: 1
-- Locks: only what it creates. Needs CREATEROLE where the group roles do not exist yet, and membership in fairlead_owner.

-- Roles belong to the whole server, so another database may have made them already, or be making them in this moment.
DO $$
DECLARE
    v_role text;
BEGIN
    FOREACH v_role IN ARRAY ARRAY['fairlead_owner', 'fairlead_shipper', 'fairlead_coordinator', 'fairlead_alerter', 'fairlead_analyst'] LOOP
        IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = v_role) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', v_role);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                NULL;
            END;
        END IF;
    END LOOP;
    IF NOT pg_has_role(current_user, 'fairlead_owner', 'MEMBER') THEN
        EXECUTE format('GRANT fairlead_owner TO %I', current_user);
    END IF;
END
$$;

ALTER SCHEMA fairlead OWNER TO fairlead_owner;
ALTER TABLE fairlead.migration OWNER TO fairlead_owner;
CREATE SCHEMA analytics AUTHORIZATION fairlead_owner;
SET LOCAL ROLE fairlead_owner;

-- What is not granted by name below is nobody's.
ALTER DEFAULT PRIVILEGES IN SCHEMA fairlead REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
GRANT USAGE ON SCHEMA fairlead TO fairlead_shipper, fairlead_coordinator, fairlead_alerter;
GRANT SELECT ON fairlead.migration TO fairlead_coordinator, fairlead_alerter;
GRANT USAGE ON SCHEMA analytics TO fairlead_coordinator, fairlead_alerter, fairlead_analyst;

-- The canonical bodies. Order and types are the log's format: the bytes of an entry are record_send of these, and the chain
-- hashes those bytes. They are never altered; a change is a new kind with a type of its own.
CREATE TYPE fairlead.tick_body AS (
    tick_number int8, ordinal int2, at_us int8, interval_ms int4, roster_seq int8, lease_transitions int4, is_leader boolean,
    grant_term int8, grant_version int8,
    flow_quality bytea, flow_count bytea, flow_lost bytea, flow_window_ms bytea, flow_age_ms bytea, flow_base_100ns bytea,
    flow_p50_100ns bytea, flow_p95_100ns bytea, flow_p99_100ns bytea, flow_max_100ns bytea, flow_pdv_p95_100ns bytea,
    flow_ipdv_p95_100ns bytea, flow_jitter_100ns bytea, flow_rtt_p50_100ns bytea,
    workload_used_bps bytea, workload_use_quality bytea, workload_offered bytea, workload_applied_bps bytea,
    workload_desired_bps bytea, workload_replicas bytea,
    link int2, law int2, is_shadow boolean, state_before bytea,
    in_flow int2, in_quality int2, in_count int4, in_raw_100ns int4, in_age_ms int4, in_loss_ppm int4, in_target_100ns int4,
    in_bound_100ns int4, in_elapsed_ms int4, in_used_bps int8, in_applied_bps int8, in_floor_bps int8, in_ceiling_bps int8,
    in_grant_bps int8, in_evidence int2,
    action int2, reason int2, smoothed_100ns int4, lower_threshold_100ns int4, upper_threshold_100ns int4, proposed_bps int8,
    after_flap_budget_bps int8, after_cooldown_bps int8, after_clamp_bps int8, desired_bps int8, requested_bps int8,
    suffered_at_bps int8, counterfactual_100ns int4, counterfactual_action int2
);
CREATE TYPE fairlead.event_body AS (kind text, version int2, at_us int8, body text);
-- Where an entry of a batch stands: used inside append only.
CREATE TYPE fairlead.placed AS (seq int8, hash bytea);

-- A packed list of integers (schema/README.md): how a tick's samples stand in a row, in as few bits as they need. A reader never
-- fails on bytes that are none; the table's constraints keep such bytes out.
CREATE FUNCTION fairlead.packed_count(p bytea) RETURNS int4
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN octet_length(p) >= 4 THEN get_byte(p, 1) * 256 + get_byte(p, 2) ELSE 0 END;

-- The base: the bytes behind the fourth, two's complement.
CREATE FUNCTION fairlead.packed_base(p bytea) RETURNS int8
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN get_byte(p, 3) = 0 THEN 0 ELSE
    ('x' || lpad(encode(substr(p, 5, get_byte(p, 3)), 'hex'), 16, CASE WHEN get_byte(p, 4) > 127 THEN 'f' ELSE '0' END))::bit(64)::int8 END;

-- The value at a place, counted from 1; NULL where it is missing.
CREATE FUNCTION fairlead.packed_value(p bytea, p_place int4) RETURNS int8
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN p_place NOT BETWEEN 1 AND fairlead.packed_count(p) OR get_byte(p, 0) = 128 THEN NULL
    WHEN get_byte(p, 0) = 0 THEN fairlead.packed_base(p)
    ELSE fairlead.packed_base(p) + nullif(
        substring(
            ('x' || encode(substr(p, 5 + get_byte(p, 3) + (p_place - 1) * (get_byte(p, 0) & 127) / 8, 9), 'hex'))::varbit,
            (p_place - 1) * (get_byte(p, 0) & 127) % 8 + 1, get_byte(p, 0) & 127)::int8 - get_byte(p, 0) / 128, -1)
    END;

CREATE FUNCTION fairlead.unpacked(p bytea) RETURNS int8[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY(SELECT fairlead.packed_value(p, place) FROM generate_series(1, fairlead.packed_count(p)) AS place ORDER BY place);

CREATE FUNCTION fairlead.are_within(p bytea, p_largest int8) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (p_largest >= ALL (fairlead.unpacked(p))) IS NOT FALSE;

-- Whether these bytes are a list as long as p_like, of values from 0 to p_largest, with missing ones where p_nullable. Cheap where
-- the header alone tells; where it does not, each value is looked at. One expression, so that the constraints hold it inlined.
CREATE FUNCTION fairlead.is_packed(p bytea, p_like bytea, p_largest int8, p_nullable boolean) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN octet_length(p) < 4 OR octet_length(p_like) < 4 THEN octet_length(p) = 0 AND octet_length(p_like) = 0
    ELSE get_byte(p, 1) = get_byte(p_like, 1) AND get_byte(p, 2) = get_byte(p_like, 2) AND (get_byte(p, 0) & 127) <= 62 AND get_byte(p, 3) <= 7
        AND octet_length(p) = 4 + get_byte(p, 3) + ((get_byte(p, 1) * 256 + get_byte(p, 2)) * (get_byte(p, 0) & 127) + 7) / 8
        AND (p_nullable OR get_byte(p, 0) < 128)
        AND CASE
            WHEN get_byte(p, 3) = 0 THEN ((1::int8 << (get_byte(p, 0) & 127)) - 1) <= p_largest OR fairlead.are_within(p, p_largest)
            WHEN get_byte(p, 4) > 127 THEN false
            WHEN get_byte(p, 3) = 1 THEN get_byte(p, 4) + (1::int8 << (get_byte(p, 0) & 127)) - 1 <= p_largest OR fairlead.are_within(p, p_largest)
            ELSE (1::int8 << (get_byte(p, 0) & 127)) + (1::int8 << (8 * get_byte(p, 3) - 1)) <= p_largest OR fairlead.are_within(p, p_largest) END
    END;

-- Whether the numbers of ticks are what their columns say: lists of one length, words that are known, nothing negative, a decision that
-- is whole or absent. One query for a whole batch, with as few function calls in its text as will do: each transaction pays for each.
CREATE FUNCTION fairlead.ticks_are_sound(p_ticks fairlead.tick_body[]) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    RETURN NOT EXISTS (
        SELECT FROM unnest(p_ticks) AS t
        WHERE least(
                t.in_raw_100ns, t.in_target_100ns, t.in_bound_100ns, t.smoothed_100ns, t.lower_threshold_100ns, t.upper_threshold_100ns,
                t.counterfactual_100ns, t.in_quality, t.action, t.reason - 1, 5 - t.in_quality, 2 - t.action, 27 - t.reason,
                256 - octet_length(t.state_before)) < 0
            OR least(
                t.in_used_bps, t.in_applied_bps, t.in_floor_bps, t.in_ceiling_bps, t.in_grant_bps, t.proposed_bps, t.after_flap_budget_bps,
                t.after_cooldown_bps, t.after_clamp_bps, t.desired_bps, t.requested_bps, t.suffered_at_bps) < 0
            OR num_nulls(
                t.link, t.law, t.is_shadow, t.state_before, t.in_quality, t.in_count, t.in_target_100ns, t.in_bound_100ns, t.in_elapsed_ms,
                t.in_floor_bps, t.in_ceiling_bps, t.in_evidence, t.action, t.reason, t.lower_threshold_100ns, t.upper_threshold_100ns)
                NOT IN (0, 16)
            OR num_nulls(t.tick_number, t.ordinal, t.at_us, t.interval_ms, t.roster_seq, t.lease_transitions, t.is_leader) > 0
            OR (fairlead.is_packed(t.flow_quality, t.flow_quality, 5, false)
                AND fairlead.is_packed(t.workload_use_quality, t.workload_use_quality, 3, false)
                AND fairlead.is_packed(t.workload_offered, t.workload_use_quality, 2, false)
                AND fairlead.is_packed(t.workload_replicas, t.workload_use_quality, 32767, false)) IS NOT TRUE
            OR greatest(get_byte(t.flow_count || '\x00', 0), get_byte(t.flow_lost || '\x00', 0), get_byte(t.flow_window_ms || '\x00', 0)) > 127
            OR EXISTS (
                SELECT FROM unnest(ARRAY[
                    t.flow_count, t.flow_lost, t.flow_window_ms, t.flow_age_ms, t.flow_base_100ns, t.flow_p50_100ns, t.flow_p95_100ns, t.flow_p99_100ns,
                    t.flow_max_100ns, t.flow_pdv_p95_100ns, t.flow_ipdv_p95_100ns, t.flow_jitter_100ns, t.flow_rtt_p50_100ns]) AS l (list)
                WHERE fairlead.is_packed(l.list, t.flow_quality, 2147483647, true) IS NOT TRUE)
            OR EXISTS (
                SELECT FROM unnest(ARRAY[t.workload_used_bps, t.workload_applied_bps, t.workload_desired_bps]) AS l (list)
                WHERE fairlead.is_packed(l.list, t.workload_use_quality, 36028797018963968, true) IS NOT TRUE));
END
$$;

-- Who may write what. A role of a shipper writes the streams of its cluster; a central role writes one stream by name.
CREATE TABLE fairlead.writer (
    role_name text NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    enrolled_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    revoked_at timestamptz,
    CONSTRAINT writer_key PRIMARY KEY (role_name, kind, name),
    CONSTRAINT writer_kind_is_known CHECK (kind IN ('cluster', 'central')),
    CONSTRAINT writer_name_has_no_slash CHECK (name <> '' AND strpos(name, '/') = 0)
);
COMMENT ON TABLE fairlead.writer IS 'Which login role writes which streams: all of a cluster, or the central one of this name. Identity is session_user, never a parameter.';

-- One row per stream: its head. Kept for ever (thousands of rows); nothing indexed changes, so updates stay on the page.
CREATE TABLE fairlead.stream (
    stream_id int8 NOT NULL,
    name text NOT NULL,
    cluster text,
    epoch int8 NOT NULL DEFAULT 0,
    nonce int8 NOT NULL DEFAULT 0,
    seq int8 NOT NULL DEFAULT 0,
    hash bytea NOT NULL,
    received_on date NOT NULL,
    received_at timestamptz,
    opened_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    recent_seqs int8[] NOT NULL DEFAULT '{}',
    recent_hashes bytea[] NOT NULL DEFAULT '{}',
    newest_tick_order int8,
    newest_tick_number int8,
    newest_tick_seqs int8[] NOT NULL DEFAULT '{}',
    newest_tick_on date,
    CONSTRAINT stream_key PRIMARY KEY (stream_id)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX stream_by_cluster ON fairlead.stream (cluster) WHERE cluster IS NOT NULL;
COMMENT ON TABLE fairlead.stream IS 'The head of each stream. recent_*: ends of the last eight batches, for resends. newest_tick_*: the rows of the last tick.';

-- Which of a cluster's spools began its newest tick: drawn under the stream's lock, so it needs no clock.
CREATE SEQUENCE fairlead.tick_order AS int8;

-- One row per decision of a tick. Columns by width, so that little is lost to alignment; the packed lists are parallel, in roster order.
-- No CHECK constraints: PostgreSQL prepares those of a table anew for each INSERT, which cost more than the rest of an append. Only
-- fairlead.append writes here, and it asks fairlead.ticks_are_sound, whose plan a session keeps.
CREATE TABLE fairlead.tick (
    stream_id int8 NOT NULL, seq int8 NOT NULL, received_at timestamptz NOT NULL,
    tick_number int8 NOT NULL, at_us int8 NOT NULL, roster_seq int8 NOT NULL, grant_term int8, grant_version int8,
    in_used_bps int8, in_applied_bps int8, in_floor_bps int8, in_ceiling_bps int8, in_grant_bps int8, proposed_bps int8,
    after_flap_budget_bps int8, after_cooldown_bps int8, after_clamp_bps int8, desired_bps int8, requested_bps int8, suffered_at_bps int8,
    received_on date NOT NULL,
    interval_ms int4 NOT NULL, lease_transitions int4 NOT NULL,
    in_count int4, in_raw_100ns int4, in_age_ms int4, in_loss_ppm int4, in_target_100ns int4, in_bound_100ns int4, in_elapsed_ms int4,
    smoothed_100ns int4, lower_threshold_100ns int4, upper_threshold_100ns int4, counterfactual_100ns int4,
    ordinal int2 NOT NULL, link int2, law int2, in_flow int2, in_quality int2, in_evidence int2, action int2, reason int2,
    counterfactual_action int2, is_leader boolean NOT NULL, is_shadow boolean,
    hash bytea NOT NULL, state_before bytea,
    flow_quality bytea NOT NULL, flow_count bytea NOT NULL, flow_lost bytea NOT NULL, flow_window_ms bytea NOT NULL,
    flow_age_ms bytea NOT NULL, flow_base_100ns bytea NOT NULL, flow_p50_100ns bytea NOT NULL, flow_p95_100ns bytea NOT NULL,
    flow_p99_100ns bytea NOT NULL, flow_max_100ns bytea NOT NULL, flow_pdv_p95_100ns bytea NOT NULL,
    flow_ipdv_p95_100ns bytea NOT NULL, flow_jitter_100ns bytea NOT NULL, flow_rtt_p50_100ns bytea NOT NULL,
    workload_used_bps bytea NOT NULL, workload_use_quality bytea NOT NULL, workload_offered bytea NOT NULL,
    workload_applied_bps bytea NOT NULL, workload_desired_bps bytea NOT NULL, workload_replicas bytea NOT NULL,
    CONSTRAINT tick_key PRIMARY KEY (stream_id, seq, received_on)
) PARTITION BY RANGE (received_on);
CREATE INDEX tick_by_arrival ON fairlead.tick USING brin (received_at);
COMMENT ON TABLE fairlead.tick IS 'What a cluster measured in one window and what one of its loops decided. Read it through analytics.tick, .sample, .workload_use, .decision.';

CREATE TABLE fairlead.event (
    stream_id int8 NOT NULL, seq int8 NOT NULL, received_at timestamptz NOT NULL, at_us int8 NOT NULL, received_on date NOT NULL,
    version int2 NOT NULL, is_json boolean NOT NULL, hash bytea NOT NULL, kind text NOT NULL, body text NOT NULL,
    CONSTRAINT event_key PRIMARY KEY (stream_id, seq, received_on)
) PARTITION BY RANGE (received_on);
CREATE INDEX event_by_arrival ON fairlead.event USING brin (received_at);
CREATE INDEX event_by_kind ON fairlead.event (kind, received_at);
COMMENT ON TABLE fairlead.event IS 'All facts beside the ticks. body is the exact text that was hashed; is_json: whether it also reads as jsonb.';

-- Projections: made from the log, droppable, rebuilt from it.
CREATE TABLE fairlead.roster (
    stream_id int8 NOT NULL, seq int8 NOT NULL, cluster text, configuration text, mode text,
    flow_ids text[] NOT NULL, flow_vantages text[] NOT NULL, flow_sources text[] NOT NULL, flow_sla_classes text[] NOT NULL,
    workload_ids text[] NOT NULL, link_ids text[] NOT NULL, law_names text[] NOT NULL, law_parameters text[] NOT NULL,
    body text NOT NULL,
    CONSTRAINT roster_key PRIMARY KEY (stream_id, seq)
);
COMMENT ON TABLE fairlead.roster IS 'The names behind the arrays of the ticks that point here by roster_seq. From roster_declared.';

CREATE TABLE fairlead.grant_head (
    cluster text NOT NULL, term int8 NOT NULL, version int8 NOT NULL, body text NOT NULL, seq int8 NOT NULL,
    issued_at timestamptz NOT NULL,
    CONSTRAINT grant_head_key PRIMARY KEY (cluster)
) WITH (fillfactor = 70);
COMMENT ON TABLE fairlead.grant_head IS 'The newest grant of each cluster, as answers to shippers carry it. From grant_issued of the coordinator''s stream.';

CREATE TABLE fairlead.alert (
    fingerprint text NOT NULL, seq int8 NOT NULL, rule text NOT NULL, cluster text, severity text, state text NOT NULL,
    labels jsonb NOT NULL, summary text NOT NULL, at_us int8 NOT NULL, received_at timestamptz NOT NULL,
    CONSTRAINT alert_key PRIMARY KEY (fingerprint)
) WITH (fillfactor = 70);
COMMENT ON TABLE fairlead.alert IS 'The newest change of each alert. From alert_changed of the alerter''s stream.';

-- Canonical bytes of a stored row, for readers and verifiers.
CREATE FUNCTION fairlead.tick_bytes(t fairlead.tick) RETURNS bytea
LANGUAGE sql STABLE PARALLEL SAFE
RETURN record_send(ROW(
    (t).tick_number, (t).ordinal, (t).at_us, (t).interval_ms, (t).roster_seq, (t).lease_transitions, (t).is_leader, (t).grant_term,
    (t).grant_version, (t).flow_quality, (t).flow_count, (t).flow_lost, (t).flow_window_ms, (t).flow_age_ms, (t).flow_base_100ns,
    (t).flow_p50_100ns, (t).flow_p95_100ns, (t).flow_p99_100ns, (t).flow_max_100ns, (t).flow_pdv_p95_100ns, (t).flow_ipdv_p95_100ns,
    (t).flow_jitter_100ns, (t).flow_rtt_p50_100ns, (t).workload_used_bps, (t).workload_use_quality, (t).workload_offered,
    (t).workload_applied_bps, (t).workload_desired_bps, (t).workload_replicas, (t).link, (t).law, (t).is_shadow, (t).state_before,
    (t).in_flow, (t).in_quality, (t).in_count, (t).in_raw_100ns, (t).in_age_ms, (t).in_loss_ppm, (t).in_target_100ns, (t).in_bound_100ns,
    (t).in_elapsed_ms, (t).in_used_bps, (t).in_applied_bps, (t).in_floor_bps, (t).in_ceiling_bps, (t).in_grant_bps, (t).in_evidence,
    (t).action, (t).reason, (t).smoothed_100ns, (t).lower_threshold_100ns, (t).upper_threshold_100ns, (t).proposed_bps,
    (t).after_flap_budget_bps, (t).after_cooldown_bps, (t).after_clamp_bps, (t).desired_bps, (t).requested_bps, (t).suffered_at_bps,
    (t).counterfactual_100ns, (t).counterfactual_action)::fairlead.tick_body);

CREATE FUNCTION fairlead.event_bytes(e fairlead.event) RETURNS bytea
LANGUAGE sql STABLE PARALLEL SAFE
RETURN record_send(ROW((e).kind, (e).version, (e).at_us, (e).body)::fairlead.event_body);

-- A stream's id: the first eight bytes of SHA-256 of its name. Equal in every database, and no second unique key is needed.
-- (STABLE, as convert_to is: else it would not be inlined, and planned anew in each transaction.)
CREATE FUNCTION fairlead.stream_id(p_stream text) RETURNS int8
LANGUAGE sql STABLE PARALLEL SAFE
RETURN ('x' || encode(substr(sha256(convert_to(p_stream, 'UTF8')), 1, 8), 'hex'))::bit(64)::int8;

CREATE FUNCTION fairlead.genesis(p_stream text) RETURNS bytea
LANGUAGE sql STABLE PARALLEL SAFE
RETURN sha256(convert_to('fairlead-log/1 ' || p_stream, 'UTF8'));

-- Whether the role that logged in may write this stream. The owner may write any: restores and tests need it.
CREATE FUNCTION fairlead.may_write(p_stream text) RETURNS boolean
-- (PL/pgSQL, because a function in SQL would be planned again in each transaction.)
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN pg_catalog.pg_has_role(session_user, 'fairlead_owner', 'MEMBER') OR EXISTS (
        SELECT FROM fairlead.writer AS w
        WHERE w.role_name = session_user AND w.revoked_at IS NULL
          AND w.name = CASE WHEN w.kind = 'central' AND p_stream = 'checkpoint' THEN 'coordinator' WHEN w.kind = 'central' THEN p_stream WHEN strpos(p_stream, '/') > 0 THEN split_part(p_stream, '/', 1) END);
END
$$;

-- Makes the daily partitions of tick and event from p_from on, where they are missing. Attaching locks the parents against
-- other changes of their shape only, never against appends or reads. Returns how many days from p_from on exist now.
CREATE FUNCTION fairlead.make_partitions(p_from date, p_days int4) RETURNS int4
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, fairlead, pg_temp AS $$
DECLARE
    v_parent text;
    v_day date;
    v_table text;
BEGIN
    IF p_days NOT BETWEEN 1 AND 400 THEN
        RAISE EXCEPTION 'partitions are made for 1 to 400 days, not %', p_days USING ERRCODE = '22023';
    END IF;
    PERFORM pg_advisory_xact_lock(7377293604775354725);
    FOR v_day IN SELECT p_from + g FROM generate_series(0, p_days - 1) AS g LOOP
        FOREACH v_parent IN ARRAY ARRAY['tick', 'event'] LOOP
            v_table := v_parent || '_' || to_char(v_day, 'YYYYMMDD');
            CONTINUE WHEN to_regclass('fairlead.' || v_table) IS NOT NULL;
            EXECUTE format('CREATE TABLE fairlead.%I (LIKE fairlead.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', v_table, v_parent);
            EXECUTE format('ALTER TABLE fairlead.%I SET (autovacuum_vacuum_insert_scale_factor = 0.2, autovacuum_analyze_scale_factor = 0.2)', v_table);
            EXECUTE format('ALTER TABLE fairlead.%I ATTACH PARTITION fairlead.%I FOR VALUES FROM (%L) TO (%L)', v_parent, v_table, v_day, v_day + 1);
        END LOOP;
    END LOOP;
    RETURN p_days;
END
$$;

-- How many days ahead, today included, can be appended to without a hole.
CREATE FUNCTION fairlead.partition_days_ahead() RETURNS int4
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, fairlead, pg_temp AS $$
DECLARE
    v_today date := (clock_timestamp() AT TIME ZONE 'UTC')::date;
    v_days int4 := 0;
BEGIN
    WHILE v_days < 400 AND to_regclass('fairlead.tick_' || to_char(v_today + v_days, 'YYYYMMDD')) IS NOT NULL
        AND to_regclass('fairlead.event_' || to_char(v_today + v_days, 'YYYYMMDD')) IS NOT NULL LOOP
        v_days := v_days + 1;
    END LOOP;
    RETURN v_days;
END
$$;

-- Claims a stream for one writer (see LogMachine.open, which this equals).
-- Answers: 'opened'; 'refused' with refusal 'not-your-stream' or 'stale-term'.
CREATE FUNCTION fairlead.open(
    p_stream text, p_highest_epoch_seen int8, p_term int8,
    OUT answer text, OUT refusal text, OUT epoch int8, OUT nonce int8, OUT seq int8, OUT hash bytea, OUT grant_body text,
    OUT newest_stream text, OUT newest_seqs int8[], OUT newest_bodies bytea[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, fairlead, pg_temp AS $$
#variable_conflict use_column
DECLARE
    v_id int8 := fairlead.stream_id(p_stream);
    v_head fairlead.stream;
    v_newest fairlead.stream;
BEGIN
    IF p_stream IS NULL OR NOT fairlead.may_write(p_stream) THEN
        answer := 'refused'; refusal := 'not-your-stream';
        RETURN;
    END IF;
    -- A refused claim leaves no stream behind.
    IF p_term < p_highest_epoch_seen THEN
        answer := 'refused'; refusal := 'stale-term';
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

-- The digest that stands at a sequence number of a stream; NULL where nothing stands there any more.
CREATE FUNCTION fairlead.digest_at(p_head fairlead.stream, p_seq int8) RETURNS bytea
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, fairlead, pg_temp AS $$
BEGIN
    IF p_seq = p_head.seq THEN RETURN p_head.hash; END IF;
    IF p_seq = 0 THEN RETURN fairlead.genesis(p_head.name); END IF;
    RETURN coalesce(
        p_head.recent_hashes[array_position(p_head.recent_seqs, p_seq)],
        (SELECT t.hash FROM fairlead.tick AS t WHERE t.stream_id = p_head.stream_id AND t.seq = p_seq),
        (SELECT e.hash FROM fairlead.event AS e WHERE e.stream_id = p_head.stream_id AND e.seq = p_seq));
END
$$;

-- Stores a batch in order (see LogMachine.append, which this equals, check for check).
--   p_kinds   one byte per entry, 't' or 'e', in the batch's order; the bodies stand in p_ticks and p_events in that order.
--   p_flaw    what the caller's own codec found wrong right behind the entries given ('malformed-entry', 'batch-too-large'), so
--             that a batch no parameter can carry is still answered in the protocol's order.
-- Answers: 'stored' and 'duplicate' (seq, hash: the head), 'conflict' (seq), 'out_of_order' (seq expected), 'fenced' (epoch),
-- 'head_moved_back' (seq, hash), 'refused' (refusal). With the first two, the newest grant of the stream's cluster.
-- A body that breaks a constraint of the tables raises 22xxx or 23xxx, and nothing is written.
CREATE FUNCTION fairlead.append(
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

-- Whether a text reads as jsonb: only then may a view show it so. (JSON with \u0000, or with absurd numbers, does not.)
CREATE FUNCTION fairlead.reads_as_json(p_text text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM p_text::jsonb;
    RETURN true;
EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
    RETURN false;
END
$$;

-- The texts at a key of each element of a list, in order; empty where there is no such list.
CREATE FUNCTION fairlead.json_texts(p_json jsonb, p_list text, p_key text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
RETURN CASE WHEN jsonb_typeof(p_json -> p_list) = 'array' THEN ARRAY(
    SELECT CASE WHEN p_key IS NULL THEN element #>> '{}' ELSE element ->> p_key END
    FROM jsonb_array_elements(p_json -> p_list) WITH ORDINALITY AS e (element, place) ORDER BY place) ELSE '{}' END;

-- What newly stored events change beside the stream: rosters, the grants that answers carry, and the alerts' states.
-- p_head: the head before the append, so that exactly the new entries are taken.
CREATE FUNCTION fairlead.project_events(p_head fairlead.stream, p_day date, p_now timestamptz) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, fairlead, pg_temp AS $$
DECLARE
    v_event record;
    v_json jsonb;
BEGIN
    FOR v_event IN
        SELECT e.seq, e.kind, e.body, e.at_us, e.received_at FROM fairlead.event AS e
        WHERE e.stream_id = p_head.stream_id AND e.received_on = p_day AND e.seq > p_head.seq AND e.is_json
          AND e.kind IN ('roster_declared', 'grant_issued', 'alert_changed')
        ORDER BY e.seq LIMIT 500
    LOOP
        v_json := v_event.body::jsonb;
        IF v_event.kind = 'roster_declared' THEN
            INSERT INTO fairlead.roster (
                stream_id, seq, cluster, configuration, mode, flow_ids, flow_vantages, flow_sources, flow_sla_classes, workload_ids,
                link_ids, law_names, law_parameters, body)
            VALUES (
                p_head.stream_id, v_event.seq, v_json ->> 'cluster', v_json ->> 'configuration', v_json ->> 'mode',
                fairlead.json_texts(v_json, 'flows', 'id'), fairlead.json_texts(v_json, 'flows', 'vantage'),
                fairlead.json_texts(v_json, 'flows', 'source'), fairlead.json_texts(v_json, 'flows', 'sla_class'),
                fairlead.json_texts(v_json, 'workloads', 'id'), fairlead.json_texts(v_json, 'links', NULL),
                fairlead.json_texts(v_json, 'laws', 'name'), fairlead.json_texts(v_json, 'laws', 'parameters'), v_event.body)
            ON CONFLICT (stream_id, seq) DO NOTHING;
        ELSIF p_head.name = 'coordinator' AND fairlead.reads_as_grant(v_json) THEN
            INSERT INTO fairlead.grant_head AS g (cluster, term, version, body, seq, issued_at)
            VALUES (v_json ->> 'cluster', (v_json ->> 'term')::int8, (v_json ->> 'version')::int8, v_event.body, v_event.seq, v_event.received_at)
            ON CONFLICT (cluster) DO UPDATE
            SET term = excluded.term, version = excluded.version, body = excluded.body, seq = excluded.seq, issued_at = excluded.issued_at
            WHERE (excluded.term, excluded.version) > (g.term, g.version);
        ELSIF p_head.name = 'alerter' AND v_event.kind = 'alert_changed' AND v_json ->> 'state' IN ('pending', 'firing', 'resolved')
            AND jsonb_typeof(v_json -> 'labels') = 'object' THEN
            INSERT INTO fairlead.alert AS a (fingerprint, seq, rule, cluster, severity, state, labels, summary, at_us, received_at)
            VALUES (
                coalesce(v_json ->> 'fingerprint', ''), v_event.seq, coalesce(v_json ->> 'rule', ''), v_json -> 'labels' ->> 'cluster',
                v_json -> 'labels' ->> 'severity', v_json ->> 'state', v_json -> 'labels', coalesce(v_json ->> 'summary', ''),
                v_event.at_us, v_event.received_at)
            ON CONFLICT (fingerprint) DO UPDATE
            SET seq = excluded.seq, rule = excluded.rule, cluster = excluded.cluster, severity = excluded.severity, state = excluded.state,
                labels = excluded.labels, summary = excluded.summary, at_us = excluded.at_us, received_at = excluded.received_at
            WHERE excluded.seq > a.seq;
        END IF;
    END LOOP;
END
$$;

-- Whether a body is a grant as the codec reads it: an ill-formed one must not displace a living one.
CREATE FUNCTION fairlead.reads_as_grant(p_json jsonb) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN coalesce(
        jsonb_typeof(p_json -> 'cluster') = 'string' AND (p_json ->> 'term')::int8 IS NOT NULL AND (p_json ->> 'version')::int8 IS NOT NULL
        AND (p_json ->> 'ttl_ms')::int8 IS NOT NULL AND jsonb_typeof(p_json -> 'term') = 'number' AND jsonb_typeof(p_json -> 'version') = 'number'
        AND jsonb_typeof(p_json -> 'ttl_ms') = 'number' AND jsonb_typeof(p_json -> 'rates') = 'array'
        AND NOT EXISTS (
            SELECT FROM jsonb_array_elements(p_json -> 'rates') AS rate
            WHERE (jsonb_typeof(rate -> 'workload') = 'string' AND (rate ->> 'rate_bps')::int8 >= 0) IS NOT TRUE), false);
EXCEPTION WHEN data_exception THEN
    RETURN false;
END
$$;

-- Enrols a login role: p_kind 'cluster' as the shipper of the cluster p_name, 'central' as the writer of that central stream. Runs with the caller's rights: an administrator's.
-- p_password NULL leaves the role's password as it is; prefer SCRAM verifiers, which the server takes in the same place.
CREATE FUNCTION fairlead.enroll(p_role text, p_kind text, p_name text, p_password text) RETURNS void
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
        ELSE 'fairlead_alerter' END, p_role);
    INSERT INTO fairlead.writer (role_name, kind, name) VALUES (p_role, p_kind, p_name)
    ON CONFLICT (role_name, kind, name) DO UPDATE SET enrolled_at = clock_timestamp(), revoked_at = NULL;
END
$$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA fairlead FROM PUBLIC;
GRANT EXECUTE ON FUNCTION fairlead.open(text, int8, int8) TO fairlead_shipper, fairlead_coordinator, fairlead_alerter;
GRANT EXECUTE ON FUNCTION fairlead.append(text, int8, int8, int8, bytea, bytea, fairlead.tick_body[], fairlead.event_body[], text)
    TO fairlead_shipper, fairlead_coordinator, fairlead_alerter;
GRANT EXECUTE ON FUNCTION fairlead.make_partitions(date, int4), fairlead.partition_days_ahead() TO fairlead_coordinator;
GRANT EXECUTE ON FUNCTION fairlead.tick_bytes(fairlead.tick), fairlead.event_bytes(fairlead.event), fairlead.stream_id(text),
    fairlead.genesis(text), fairlead.partition_days_ahead() TO fairlead_coordinator, fairlead_alerter;
GRANT SELECT ON fairlead.stream, fairlead.tick, fairlead.event, fairlead.roster, fairlead.grant_head, fairlead.alert TO fairlead_coordinator, fairlead_alerter;

SELECT fairlead.make_partitions((clock_timestamp() AT TIME ZONE 'UTC')::date, 15);
RESET ROLE;
