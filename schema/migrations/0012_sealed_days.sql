-- A day that was sealed and dropped gets no partition again, whatever the server's clock says.
-- oldest-binary: 1
-- Locks: only the function it replaces, which is in the way of nobody.

SET LOCAL ROLE fairlead_owner;

-- Makes the daily partitions of tick and event from p_from on, or from the day after the last sealed one, where they are missing: a clock that
-- steps back would else open a dropped day for new streams. Attaching locks the parents against other changes of their shape only, never
-- against appends or reads. Returns how many days from p_from on exist now.
CREATE OR REPLACE FUNCTION fairlead.make_partitions(p_from date, p_days int4) RETURNS int4
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, fairlead, pg_temp AS $$
DECLARE
    v_first date;
    v_parent text;
    v_day date;
    v_table text;
BEGIN
    IF p_days NOT BETWEEN 1 AND 400 THEN
        RAISE EXCEPTION 'partitions are made for 1 to 400 days, not %', p_days USING ERRCODE = '22023';
    END IF;
    PERFORM pg_advisory_xact_lock(7377293604775354725);
    v_first := greatest(p_from, (SELECT max(s.received_on) + 1 FROM fairlead.seal AS s));
    FOR v_day IN SELECT v_first + g FROM generate_series(0, p_from + p_days - 1 - v_first) AS g LOOP
        FOREACH v_parent IN ARRAY ARRAY['tick', 'event'] LOOP
            v_table := v_parent || '_' || to_char(v_day, 'YYYYMMDD');
            CONTINUE WHEN to_regclass('fairlead.' || v_table) IS NOT NULL;
            EXECUTE format('CREATE TABLE fairlead.%I (LIKE fairlead.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', v_table, v_parent);
            EXECUTE format('ALTER TABLE fairlead.%I SET (autovacuum_vacuum_insert_scale_factor = 0.2, autovacuum_analyze_scale_factor = 0.2)', v_table);
            EXECUTE format('ALTER TABLE fairlead.%I ATTACH PARTITION fairlead.%I FOR VALUES FROM (%L) TO (%L)', v_parent, v_table, v_day, v_day + 1);
        END LOOP;
    END LOOP;
    RETURN greatest(0, p_from + p_days - v_first);
END
$$;

RESET ROLE;
