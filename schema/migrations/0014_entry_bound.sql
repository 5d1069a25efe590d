-- What one entry of a cluster's stream may weigh: readers hold pages of them in memory, and one site's role must not fill the centre's.
-- oldest-binary: 1
-- Locks: only the functions it replaces.

SET LOCAL ROLE fairlead_owner;

-- Why these entries are not taken in this stream: 'foreign-kind' (only a cluster's streams hold ticks, and each kind of event has its
-- tellers), 'absurd-time' (a writer's time outside 1970 to 2255: 0 to 9e15 microseconds),
-- 'entry-too-large' (more than 128 KiB of canonical bytes in a cluster's stream); NULL where they are.
CREATE OR REPLACE FUNCTION fairlead.entries_refusal(p_stream text, p_ticks fairlead.tick_body[], p_events fairlead.event_body[]) RETURNS text
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
    IF strpos(p_stream, '/') > 0 THEN
        IF EXISTS (SELECT FROM unnest(p_ticks) AS t WHERE octet_length(record_send(t)) > 131072)
            OR EXISTS (SELECT FROM unnest(p_events) AS e WHERE octet_length(record_send(e)) > 131072) THEN
            RETURN 'entry-too-large';
        END IF;
    END IF;
    RETURN NULL;
END
$$;

-- Whether these bytes are surely packed lists as long as p_like, of values from 0 up, by their headers alone: codes of at most p_bits bits on
-- a base of at most p_base_bytes bytes. False does not say that they are none: fairlead.is_packed looks at each value.
-- Longer ones than 600 are not plain: what is plain has at most 64 KiB in a tick, and so keeps the bound of an entry unasked.
CREATE OR REPLACE FUNCTION fairlead.are_plain_lists(p_lists bytea[], p_like bytea, p_bits int4, p_base_bytes int4) RETURNS boolean
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
    IF v_length > 600 THEN
        RETURN false;
    END IF;
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

RESET ROLE;
