-- No site's role can take the connections of the others, whatever runs wild there.
-- oldest-binary: 1
-- Locks: only the function it replaces.

SET LOCAL ROLE fairlead_owner;

-- Enrols a login role. Runs with the caller's rights: an administrator's.
--   p_kind, p_name   'cluster' and a cluster's id: its shipper; 'central' and 'coordinator', 'alerter' or 'operator': the writer of that
--                    stream; 'reader' and 'analyst': somebody who reads and writes nothing. All else raises 22023, and nothing is done.
-- A cluster's role may have 20 sessions: its two shippers hold one each, and what a broken network leaves behind counts until the server notices,
-- at the latest after 30 minutes of silence (a shipper speaks with every tick). So no site takes the others' connections.
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
    IF p_kind = 'cluster' THEN
        EXECUTE format('ALTER ROLE %I CONNECTION LIMIT 20', p_role);
        EXECUTE format('ALTER ROLE %I SET idle_session_timeout = %L', p_role, '30min');
    END IF;
    EXECUTE format('GRANT %I TO %I', v_group, p_role);
    IF p_kind <> 'reader' THEN
        INSERT INTO fairlead.writer (role_name, kind, name) VALUES (p_role, p_kind, p_name)
        ON CONFLICT (role_name, kind, name) DO UPDATE SET enrolled_at = clock_timestamp(), revoked_at = NULL;
    END IF;
END
$$;

RESET ROLE;

-- Those that are enrolled already. (Roles belong to the whole server: one that this administrator may not change is bounded when it is enrolled
-- again.)
DO $$
DECLARE
    v_role text;
BEGIN
    FOR v_role IN
        SELECT DISTINCT w.role_name FROM fairlead.writer AS w JOIN pg_catalog.pg_roles AS r ON r.rolname = w.role_name
        WHERE w.kind = 'cluster' AND w.revoked_at IS NULL AND r.rolconnlimit = -1 AND NOT r.rolsuper
    LOOP
        BEGIN
            EXECUTE format('ALTER ROLE %I CONNECTION LIMIT 20', v_role);
            EXECUTE format('ALTER ROLE %I SET idle_session_timeout = %L', v_role, '30min');
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE NOTICE 'the role % is not bounded to 20 sessions: enrol it again as a role that may change it', v_role;
        END;
    END LOOP;
END
$$;
