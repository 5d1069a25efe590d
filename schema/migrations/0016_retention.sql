-- How long the log and its roll-ups are kept, as the fleet's file says and serve applies; and old windows of the roll-ups go.
-- oldest-binary: 1
-- Locks: only what it creates.

SET LOCAL ROLE fairlead_owner;

-- One row per kind, written by serve from the fleet's file, so that whoever looks sees what is in force. A day of the log goes whole, ticks and
-- events together, because one chain runs through both. NULL: for ever.
CREATE TABLE fairlead.retention (
    kind text NOT NULL,
    keep_days int4,
    set_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT retention_key PRIMARY KEY (kind),
    CONSTRAINT retention_of_a_known_kind CHECK (kind IN ('log', 'minute_rollups', 'hour_rollups')),
    CONSTRAINT retention_is_a_while CHECK (keep_days BETWEEN 1 AND 36500)
);
COMMENT ON TABLE fairlead.retention IS 'How many days before today are kept, by kind, as serve last applied it from the fleet''s file; NULL: for ever.';
GRANT SELECT ON fairlead.retention TO fairlead_coordinator, fairlead_alerter, fairlead_operator, fairlead_analyst;

-- Says what is in force from now on. Rows that are so already stay, with the time when they came to be so.
CREATE FUNCTION fairlead.set_retention(p_log int4, p_minute_rollups int4, p_hour_rollups int4) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, fairlead, pg_temp AS $$
    INSERT INTO fairlead.retention AS r (kind, keep_days)
    VALUES ('log', p_log), ('minute_rollups', p_minute_rollups), ('hour_rollups', p_hour_rollups)
    ON CONFLICT (kind) DO UPDATE SET keep_days = excluded.keep_days, set_at = clock_timestamp()
    WHERE r.keep_days IS DISTINCT FROM excluded.keep_days
$$;

-- Forgets windows of this width of one stream that were received, and by their writer's clock began, more than p_keep_days before today; none of
-- a day whose partitions are still there, for a rebuild would make those again. At most 20,000 rows of each table; returns how many went.
CREATE FUNCTION fairlead.prune_rollups(p_stream_id int8, p_width_s int4, p_keep_days int4) RETURNS int8
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, fairlead, pg_temp AS $$
DECLARE
    c_most CONSTANT int8 := 20000;
    v_before date := least(
        (clock_timestamp() AT TIME ZONE 'UTC')::date - p_keep_days, (SELECT min(d.received_on) FROM fairlead.partition_day() AS d));
    v_table text;
    v_count int8;
    v_gone int8 := 0;
BEGIN
    IF p_keep_days NOT BETWEEN 1 AND 36500 THEN
        RAISE EXCEPTION 'roll-ups are kept for 1 to 36500 days, not %', p_keep_days USING ERRCODE = '22023';
    END IF;
    -- The window's start leads the key, so that what is kept is not read; the day of receipt is the server's own, and decides.
    FOREACH v_table IN ARRAY ARRAY['flow_rollup', 'loop_rollup', 'patch_rollup'] LOOP
        EXECUTE format(
            'DELETE FROM fairlead.%1$I WHERE ctid = ANY (ARRAY(SELECT r.ctid FROM fairlead.%1$I AS r WHERE r.stream_id = $1 AND r.width_s = $2
                AND r.window_start < $3 AND r.received_on < $4 LIMIT $5))', v_table)
        USING p_stream_id, p_width_s, v_before::timestamp AT TIME ZONE 'UTC', v_before, c_most;
        GET DIAGNOSTICS v_count = ROW_COUNT;
        v_gone := v_gone + v_count;
    END LOOP;
    RETURN v_gone;
END
$$;

REVOKE ALL ON FUNCTION fairlead.set_retention(int4, int4, int4), fairlead.prune_rollups(int8, int4, int4) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION fairlead.set_retention(int4, int4, int4), fairlead.prune_rollups(int8, int4, int4) TO fairlead_coordinator;

RESET ROLE;
