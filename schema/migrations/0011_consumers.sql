-- A registry of readers, so that a day is kept for one that has not come to it yet, and a dead one can be taken off by name.
-- oldest-binary: 1
-- Locks: only what it creates; the function it replaces is in the way of nobody.

SET LOCAL ROLE fairlead_owner;

-- Who reads the log, and what the reading drives. Cursors stand in consumer_cursor; a consumer without one in a stream has read nothing of it.
CREATE TABLE fairlead.consumer (
    name text NOT NULL,
    drives text NOT NULL,
    registered_on date NOT NULL DEFAULT (clock_timestamp() AT TIME ZONE 'UTC')::date,
    CONSTRAINT consumer_key PRIMARY KEY (name),
    CONSTRAINT consumer_has_a_name CHECK (name <> '')
);
COMMENT ON TABLE fairlead.consumer IS 'Readers whose cursors a day waits for, from the day they registered on. drives: what would be wrong if they missed something.';
GRANT SELECT, INSERT, UPDATE ON fairlead.consumer TO fairlead_coordinator, fairlead_alerter;
GRANT SELECT ON fairlead.consumer, fairlead.consumer_cursor TO fairlead_operator;

-- Why the oldest day may not be dropped yet; no rows where it may. p_keep_days: how many days before today stay.
CREATE OR REPLACE FUNCTION fairlead.drop_obstacles(p_day date, p_keep_days int4) RETURNS TABLE (obstacle text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, fairlead, pg_temp AS $$
DECLARE
    v_table text := to_char(p_day, 'YYYYMMDD');
BEGIN
    IF p_keep_days NOT BETWEEN 1 AND 36500 OR p_day IS NULL THEN
        RETURN QUERY SELECT 'at least one day is kept'; RETURN;
    END IF;
    IF p_day >= (clock_timestamp() AT TIME ZONE 'UTC')::date - p_keep_days THEN
        RETURN QUERY SELECT 'the day is younger than the ' || p_keep_days || ' days that are kept'; RETURN;
    END IF;
    IF to_regclass('fairlead.tick_' || v_table) IS NULL AND to_regclass('fairlead.event_' || v_table) IS NULL THEN
        RETURN QUERY SELECT 'there is no such day'; RETURN;
    END IF;
    IF EXISTS (SELECT FROM fairlead.partition_day() AS d WHERE d.received_on < p_day) THEN
        RETURN QUERY SELECT 'an older day is still there: days go in order'; RETURN;
    END IF;
    RETURN QUERY
    SELECT 'the roll-ups of ' || s.name || ' stand at ' || coalesce(r.seq, 0) || ' on that day, which ends at ' || e.last_seq
    FROM fairlead.day_ends(p_day) AS e JOIN fairlead.stream AS s ON s.stream_id = e.stream_id
    LEFT JOIN fairlead.rollup_state AS r ON r.stream_id = e.stream_id AND r.received_on = p_day
    WHERE coalesce(r.seq, 0) < e.last_seq ORDER BY s.name LIMIT 20;
    RETURN QUERY
    WITH reader AS (
        SELECT c.name AS consumer, c.registered_on FROM fairlead.consumer AS c
        UNION ALL
        -- One that keeps a cursor and never registered is waited for where it has begun.
        SELECT DISTINCT c.consumer, 'infinity'::date FROM fairlead.consumer_cursor AS c
        WHERE NOT EXISTS (SELECT FROM fairlead.consumer AS r WHERE r.name = c.consumer))
    SELECT 'the consumer ' || r.consumer || ' stands at ' || s.name || '/' || coalesce(c.seq, 0) || ', the day ends at ' || e.last_seq
    FROM reader AS r CROSS JOIN fairlead.day_ends(p_day) AS e JOIN fairlead.stream AS s ON s.stream_id = e.stream_id
    LEFT JOIN fairlead.consumer_cursor AS c ON c.stream_id = e.stream_id AND c.consumer = r.consumer
    WHERE CASE WHEN c.seq IS NULL THEN r.registered_on <= p_day ELSE c.seq < e.last_seq END
    ORDER BY r.consumer, s.name LIMIT 20;
END
$$;

RESET ROLE;
