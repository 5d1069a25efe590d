-- Who is enrolled as what: a kind or a name that nobody knows is refused, and people who read are enrolled too.
-- oldest-binary: 1
-- Locks: only what it creates; the function it replaces is in the way of nobody.

SET LOCAL ROLE fairlead_owner;

-- Enrols a login role. Runs with the caller's rights: an administrator's.
--   p_kind, p_name   'cluster' and a cluster's id: its shipper; 'central' and 'coordinator', 'alerter' or 'operator': the writer of that
--                    stream; 'reader' and 'analyst': somebody who reads and writes nothing. All else raises 22023, and nothing is done.
--   p_password       NULL leaves the role's password as it is; prefer SCRAM verifiers, which the server takes in the same place.
CREATE OR REPLACE FUNCTION fairlead.enroll(p_role text, p_kind text, p_name text, p_password text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, fairlead, pg_temp AS $$
DECLARE
    v_group text := CASE
        WHEN p_kind = 'cluster' AND p_name <> '' AND strpos(p_name, '/') = 0 THEN 'fairlead_shipper'
        WHEN p_kind = 'central' AND p_name IN ('coordinator', 'alerter', 'operator') THEN 'fairlead_' || p_name
        WHEN p_kind = 'reader' AND p_name = 'analyst' THEN 'fairlead_analyst' END;
BEGIN
    IF coalesce(p_role, '') = '' THEN
        RAISE EXCEPTION 'there is no role to enrol; name the login role' USING ERRCODE = 'invalid_parameter_value';
    ELSIF v_group IS NULL THEN
        RAISE EXCEPTION '%', CASE p_kind
            WHEN 'cluster' THEN format('%L is no cluster''s id; it is not empty and has no slash', p_name)
            WHEN 'central' THEN format('%L is no central stream; write ''coordinator'', ''alerter'' or ''operator''', p_name)
            WHEN 'reader' THEN format('%L is no reader; write ''analyst''', p_name)
            ELSE format('%L is nothing to enrol as; write ''cluster'', ''central'' or ''reader''', p_kind) END
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Nothing was done: no role was made, and none was changed.';
    END IF;
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
    EXECUTE format('GRANT %I TO %I', v_group, p_role);
    IF p_kind <> 'reader' THEN
        INSERT INTO fairlead.writer (role_name, kind, name) VALUES (p_role, p_kind, p_name)
        ON CONFLICT (role_name, kind, name) DO UPDATE SET enrolled_at = clock_timestamp(), revoked_at = NULL;
    END IF;
END
$$;

-- An analyst, and an operator likewise, reads what the reading commands ask: the log, its projections and its seals. The outbox, in
-- whose messages words may stand that are a receiver's alone, the leases and who may write stay closed.
GRANT SELECT ON fairlead.migration, fairlead.stream, fairlead.tick, fairlead.event, fairlead.roster, fairlead.grant_head, fairlead.alert, fairlead.seal,
    fairlead.refusal, fairlead.consumer, fairlead.consumer_cursor
    TO fairlead_analyst, fairlead_operator;
GRANT SELECT ON ALL TABLES IN SCHEMA analytics TO fairlead_operator;
GRANT EXECUTE ON FUNCTION fairlead.tick_bytes(fairlead.tick), fairlead.event_bytes(fairlead.event), fairlead.stream_id(text), fairlead.genesis(text),
    fairlead.sealed_through(int8), fairlead.partition_day(), fairlead.partition_days_ahead() TO fairlead_analyst, fairlead_operator;
GRANT EXECUTE ON FUNCTION fairlead.packed_count(bytea), fairlead.packed_base(bytea), fairlead.packed_value(bytea, int4), fairlead.unpacked(bytea),
    fairlead.instant(int8), fairlead.json_int8(jsonb, text), fairlead.milliseconds(int4), fairlead.sample_quality_word(int2),
    fairlead.use_quality_word(int2), fairlead.offered_load_word(int2), fairlead.loop_action_word(int2), fairlead.decision_reason_word(int2),
    fairlead.histogram_percentile(int4[], float8), fairlead.merged_histogram(int4[], int4[]), fairlead.merge_histograms(int4[]), fairlead.delay_bounds()
    TO fairlead_operator;

RESET ROLE;

-- Until now a central name that nobody knows made an alerter of the role: it loses that again, unless it is one by another name. Its row,
-- by which it could write one stream that nobody reads, is revoked.
DO $$
DECLARE
    v_role text;
BEGIN
    FOR v_role IN
        SELECT DISTINCT w.role_name FROM fairlead.writer AS w
        JOIN pg_catalog.pg_roles AS r ON r.rolname = w.role_name
        WHERE w.kind = 'central' AND w.name NOT IN ('coordinator', 'alerter', 'operator')
          AND NOT EXISTS (SELECT FROM fairlead.writer AS a WHERE a.role_name = w.role_name AND a.kind = 'central' AND a.name = 'alerter' AND a.revoked_at IS NULL)
    LOOP
        BEGIN
            EXECUTE format('REVOKE fairlead_alerter FROM %I', v_role);
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE WARNING 'the role % was made an alerter by a wrong name; as whoever enrolled it: REVOKE fairlead_alerter FROM %', v_role, quote_ident(v_role);
        END;
    END LOOP;
    UPDATE fairlead.writer SET revoked_at = clock_timestamp()
    WHERE kind = 'central' AND name NOT IN ('coordinator', 'alerter', 'operator') AND revoked_at IS NULL;
END
$$;
