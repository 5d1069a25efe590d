-- Roll-ups per minute and per hour, seals of days whose ticks are gone, and the protocol that lets a day go.
-- oldest-binary: 1
-- Locks: only what it creates.

-- The views' expressions are long: compiling them takes seconds, running them milliseconds. For whoever connects with psql or Grafana.
DO $$
BEGIN
    EXECUTE format('ALTER DATABASE %I SET jit = off', current_database());
EXCEPTION WHEN insufficient_privilege THEN
    RAISE NOTICE 'the database''s owner should run: ALTER DATABASE % SET jit = off', current_database();
END
$$;

SET LOCAL ROLE fairlead_owner;

-- A histogram of delays: sorted (bucket << 20 | count), only what occurs. Bucket n holds the delays from bound n to below bound n + 1;
-- bounds grow by a tenth from 5 µs to 10 s, so a percentile read from it is at most a tenth too high. Merging is adding counts.
CREATE FUNCTION fairlead.delay_bounds() RETURNS int8[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN '{50, 55, 61, 67, 73, 81, 89, 97, 107, 118, 130, 143, 157, 173, 190, 209, 230, 253, 278, 306, 336, 370, 407, 448, 492, 542,
    596, 655, 721, 793, 872, 960, 1056, 1161, 1277, 1405, 1546, 1700, 1870, 2057, 2263, 2489, 2738, 3012, 3313, 3645, 4009, 4410,
    4851, 5336, 5870, 6456, 7102, 7812, 8594, 9453, 10398, 11438, 12582, 13840, 15224, 16746, 18421, 20263, 22290, 24519, 26970,
    29667, 32634, 35898, 39487, 43436, 47780, 52558, 57813, 63595, 69954, 76950, 84645, 93109, 102420, 112662, 123928, 136321,
    149953, 164948, 181443, 199588, 219546, 241501, 265651, 292216, 321438, 353582, 388940, 427834, 470617, 517679, 569447,
    626391, 689031, 757934, 833727, 917100, 1008810, 1109691, 1220660, 1342726, 1476998, 1624698, 1787168, 1965885, 2162473,
    2378721, 2616593, 2878252, 3166077, 3482685, 3830953, 4214049, 4635453, 5098999, 5608899, 6169789, 6786767, 7465444, 8211989,
    9033187, 9936506, 10930157, 12023172, 13225490, 14548039, 16002842, 17603127, 19363439, 21299783, 23429762, 25772738,
    28350012, 31185013, 34303514, 37733865, 41507252, 45657977, 50223775, 55246152, 60770768, 66847844, 73532629, 80885892,
    88974481, 97871929}'::int8[];
CREATE FUNCTION fairlead.delay_bucket(p_100ns int8) RETURNS int4
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN width_bucket(p_100ns, fairlead.delay_bounds());
CREATE FUNCTION fairlead.merged_histogram(p_left int4[], p_right int4[]) RETURNS int4[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY(
    SELECT (e >> 20 << 20) + least(sum(e & 1048575), 1048575)::int4
    FROM unnest(p_left || p_right) AS e GROUP BY e >> 20 ORDER BY e >> 20);
CREATE AGGREGATE fairlead.merge_histograms(int4[]) (SFUNC = fairlead.merged_histogram, STYPE = int4[], INITCOND = '{}', PARALLEL = SAFE);
-- The upper bound of the bucket that holds this percentile, 100 ns; NULL for an empty histogram.
CREATE FUNCTION fairlead.histogram_percentile(p_histogram int4[], p_percent float8) RETURNS int8
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
    SELECT (fairlead.delay_bounds())[least((e >> 20) + 1, cardinality(fairlead.delay_bounds()))]
    FROM (
        SELECT e, sum(e & 1048575) OVER (ORDER BY e >> 20) AS upto, sum(e & 1048575) OVER () AS total FROM unnest(p_histogram) AS e
    ) AS counted
    WHERE upto >= total * p_percent / 100 ORDER BY e LIMIT 1);

-- The start of the window that holds an instant. A shipper's clock may say anything: what lies outside 1970 to 2255 counts at the ends.
CREATE FUNCTION fairlead.window_start(p_us int8, p_width_s int4) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN timestamptz '1970-01-01 00:00:00+00' + (greatest(0, least(p_us, 9000000000000000)) / (p_width_s * 1000000::int8) * p_width_s) * interval '1 second';

-- One row per flow, window of the shipper's clock, and day on which the log received it: a late batch makes another row for its
-- window, and the view adds them up. So a day that is gone leaves rows that nothing can change any more.
CREATE TABLE fairlead.flow_rollup (
    stream_id int8 NOT NULL, width_s int4 NOT NULL, window_start timestamptz NOT NULL, flow text NOT NULL, received_on date NOT NULL,
    tick_count int8 NOT NULL, missing_count int8 NOT NULL, answered int8 NOT NULL, lost int8 NOT NULL,
    measured_ms int8 NOT NULL, violation_ms int8 NOT NULL, p95_max_100ns int8, max_100ns int8, p95_histogram int4[] NOT NULL,
    CONSTRAINT flow_rollup_key PRIMARY KEY (stream_id, width_s, window_start, flow, received_on)
) WITH (fillfactor = 80);
COMMENT ON TABLE fairlead.flow_rollup IS 'Samples per flow and minute or hour, folded from ticks. Read it through analytics.flow_rollup.';

CREATE TABLE fairlead.loop_rollup (
    stream_id int8 NOT NULL, width_s int4 NOT NULL, window_start timestamptz NOT NULL, link text NOT NULL, law text NOT NULL, is_shadow boolean NOT NULL,
    received_on date NOT NULL,
    decision_count int8 NOT NULL, decrease_count int8 NOT NULL, increase_count int8 NOT NULL, reversal_count int8 NOT NULL,
    decided_ms int8 NOT NULL, floor_ms int8 NOT NULL, ceiling_ms int8 NOT NULL,
    CONSTRAINT loop_rollup_key PRIMARY KEY (stream_id, width_s, window_start, link, law, is_shadow, received_on)
) WITH (fillfactor = 80);
COMMENT ON TABLE fairlead.loop_rollup IS 'Decisions per loop and minute or hour, folded from ticks. Read it through analytics.loop_rollup.';

CREATE TABLE fairlead.patch_rollup (
    stream_id int8 NOT NULL, width_s int4 NOT NULL, window_start timestamptz NOT NULL, result text NOT NULL, received_on date NOT NULL, patch_count int8 NOT NULL,
    CONSTRAINT patch_rollup_key PRIMARY KEY (stream_id, width_s, window_start, result, received_on)
) WITH (fillfactor = 80);
COMMENT ON TABLE fairlead.patch_rollup IS 'Patches by result per minute or hour, folded from events. Read it through analytics.patch_rollup.';

-- How far each stream is folded: its newest row. One row per day that had entries, so that a seal can take over what stood at its end.
-- directions: which way each loop last went, by link, law and whether it is a shadow.
CREATE TABLE fairlead.rollup_state (
    stream_id int8 NOT NULL, received_on date NOT NULL, seq int8 NOT NULL, directions jsonb NOT NULL,
    CONSTRAINT rollup_state_key PRIMARY KEY (stream_id, received_on)
) WITH (fillfactor = 50);
COMMENT ON TABLE fairlead.rollup_state IS 'Through which entry each stream is folded into the roll-ups, per day of receipt.';

-- One row per stream and day whose entries were dropped: enough to go on verifying from, and to rebuild what is left. prev_hash: NULL
-- where a lost range stood before the day.
CREATE TABLE fairlead.seal (
    stream_id int8 NOT NULL, received_on date NOT NULL, first_seq int8 NOT NULL, last_seq int8 NOT NULL, entry_count int8 NOT NULL,
    prev_hash bytea, last_hash bytea NOT NULL, directions jsonb NOT NULL, sealed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT seal_key PRIMARY KEY (stream_id, received_on),
    CONSTRAINT seal_hashes_are_sha256 CHECK (octet_length(last_hash) = 32)
);
COMMENT ON TABLE fairlead.seal IS 'What stood on a day that was dropped: its range and the chain''s digests around it.';

-- Folds what follows of one stream, at most p_most entries; returns how many. A batch is folded in the order of the log, wherever its
-- window lies; the outcome does not depend on how the entries were cut into calls.
CREATE FUNCTION fairlead.fold_rollups(p_stream_id int8, p_most int4) RETURNS int4
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, fairlead, pg_temp AS $$
DECLARE
    v_head fairlead.stream;
    v_state fairlead.rollup_state;
    v_day date;
    v_upto int8;
    v_directions jsonb;
BEGIN
    -- Another replica may be folding this stream: one after the other.
    PERFORM pg_advisory_xact_lock(7377293604775354726 # p_stream_id);
    SELECT s.* INTO v_head FROM fairlead.stream AS s WHERE s.stream_id = p_stream_id;
    IF NOT FOUND OR p_most NOT BETWEEN 1 AND 100000 THEN RETURN 0; END IF;
    SELECT r.* INTO v_state FROM fairlead.rollup_state AS r WHERE r.stream_id = p_stream_id ORDER BY r.received_on DESC LIMIT 1;
    IF NOT FOUND THEN
        v_state := ROW(p_stream_id, date '1970-01-01', 0, '{}'::jsonb);
    END IF;
    -- Never over the end of a day.
    SELECT n.received_on INTO v_day FROM (
        (SELECT t.seq, t.received_on FROM fairlead.tick AS t
         WHERE t.stream_id = p_stream_id AND t.seq > v_state.seq AND t.received_on BETWEEN v_state.received_on AND v_head.received_on ORDER BY t.seq LIMIT 1)
        UNION ALL
        (SELECT e.seq, e.received_on FROM fairlead.event AS e
         WHERE e.stream_id = p_stream_id AND e.seq > v_state.seq AND e.received_on BETWEEN v_state.received_on AND v_head.received_on ORDER BY e.seq LIMIT 1)
    ) AS n ORDER BY n.seq LIMIT 1;
    IF NOT FOUND THEN RETURN 0; END IF;
    v_upto := (
        SELECT max(n.seq) FROM (
            (SELECT t.seq FROM fairlead.tick AS t
             WHERE t.stream_id = p_stream_id AND t.received_on = v_day AND t.seq <= least(v_head.seq, v_state.seq + p_most) ORDER BY t.seq DESC LIMIT 1)
            UNION ALL
            (SELECT e.seq FROM fairlead.event AS e
             WHERE e.stream_id = p_stream_id AND e.received_on = v_day AND e.seq <= least(v_head.seq, v_state.seq + p_most) ORDER BY e.seq DESC LIMIT 1)
        ) AS n);
    IF v_upto IS NULL OR v_upto <= v_state.seq THEN
        -- A lost range is longer than p_most: the next entry alone.
        v_upto := (
            SELECT min(n.seq) FROM (
                SELECT t.seq FROM fairlead.tick AS t WHERE t.stream_id = p_stream_id AND t.received_on = v_day AND t.seq > v_state.seq
                UNION ALL
                SELECT e.seq FROM fairlead.event AS e WHERE e.stream_id = p_stream_id AND e.received_on = v_day AND e.seq > v_state.seq) AS n);
    END IF;

    WITH batch AS MATERIALIZED (
        SELECT t.* FROM fairlead.tick AS t
        WHERE t.stream_id = p_stream_id AND t.seq > v_state.seq AND t.seq <= v_upto AND t.ordinal = 0
          AND t.received_on = v_day
    ), named AS MATERIALIZED (
        SELECT r.seq, r.flow_ids, fairlead.json_texts(r.body::jsonb, 'flows', 'bound_100ns') AS bounds
        FROM fairlead.roster AS r WHERE r.stream_id = p_stream_id AND r.seq IN (SELECT b.roster_seq FROM batch AS b)
    ), sample AS MATERIALIZED (
        SELECT
            coalesce(n.flow_ids[place], '#' || place) AS flow, b.at_us, b.received_on, b.interval_ms, fairlead.packed_value(b.flow_count, place) AS answered,
            fairlead.packed_value(b.flow_lost, place) AS lost, fairlead.packed_value(b.flow_p95_100ns, place) AS p95,
            fairlead.packed_value(b.flow_max_100ns, place) AS max,
            CASE WHEN n.bounds[place] ~ '^[0-9]{1,10}$' THEN n.bounds[place]::int8 END AS bound
        FROM batch AS b LEFT JOIN named AS n ON n.seq = b.roster_seq
        CROSS JOIN LATERAL generate_series(1, fairlead.packed_count(b.flow_quality)) AS place
    ), minute AS MATERIALIZED (
        SELECT
            s.flow, s.received_on, fairlead.window_start(s.at_us, 60) AS minute, count(*) AS tick_count, count(*) FILTER (WHERE s.p95 IS NULL) AS missing_count,
            sum(s.answered) AS answered, sum(s.lost) AS lost, coalesce(sum(s.interval_ms) FILTER (WHERE s.p95 IS NOT NULL), 0) AS measured_ms,
            coalesce(sum(s.interval_ms) FILTER (WHERE s.p95 > s.bound), 0) AS violation_ms, max(s.p95) AS p95_max, max(s.max) AS max,
            fairlead.merged_histogram('{}', coalesce(array_agg((fairlead.delay_bucket(s.p95) << 20) + 1) FILTER (WHERE s.p95 IS NOT NULL), '{}')) AS histogram
        FROM sample AS s
        GROUP BY s.flow, s.received_on, fairlead.window_start(s.at_us, 60)
    )
    INSERT INTO fairlead.flow_rollup AS r (
        stream_id, width_s, window_start, flow, received_on, tick_count, missing_count, answered, lost, measured_ms, violation_ms, p95_max_100ns,
        max_100ns, p95_histogram)
    SELECT
        p_stream_id, 60, m.minute, m.flow, m.received_on, m.tick_count, m.missing_count, m.answered, m.lost, m.measured_ms, m.violation_ms, m.p95_max,
        m.max, m.histogram
    FROM minute AS m
    UNION ALL
    SELECT
        p_stream_id, 3600, date_trunc('hour', m.minute, 'UTC'), m.flow, m.received_on, sum(m.tick_count), sum(m.missing_count), sum(m.answered), sum(m.lost),
        sum(m.measured_ms), sum(m.violation_ms), max(m.p95_max), max(m.max), fairlead.merge_histograms(m.histogram)
    FROM minute AS m
    GROUP BY date_trunc('hour', m.minute, 'UTC'), m.flow, m.received_on
    ON CONFLICT (stream_id, width_s, window_start, flow, received_on) DO UPDATE SET
        tick_count = r.tick_count + excluded.tick_count, missing_count = r.missing_count + excluded.missing_count, answered = r.answered + excluded.answered,
        lost = r.lost + excluded.lost, measured_ms = r.measured_ms + excluded.measured_ms, violation_ms = r.violation_ms + excluded.violation_ms,
        p95_max_100ns = greatest(r.p95_max_100ns, excluded.p95_max_100ns), max_100ns = greatest(r.max_100ns, excluded.max_100ns),
        p95_histogram = fairlead.merged_histogram(r.p95_histogram, excluded.p95_histogram);

    -- Which loop a decision belongs to, and which way the loop went before: known from the batch, or from the state.
    WITH decision AS MATERIALIZED (
        SELECT
            coalesce(n.link_ids[t.link + 1], '#' || t.link) AS link, coalesce(n.law_names[t.law + 1], '#' || t.law) AS law, t.is_shadow, t.seq, t.at_us,
            t.received_on, t.interval_ms, t.action, coalesce(t.desired_bps, t.in_applied_bps) <= t.in_floor_bps AS at_floor,
            coalesce(t.desired_bps, t.in_applied_bps) >= t.in_ceiling_bps AS at_ceiling
        FROM fairlead.tick AS t LEFT JOIN fairlead.roster AS n ON n.stream_id = t.stream_id AND n.seq = t.roster_seq
        WHERE t.stream_id = p_stream_id AND t.seq > v_state.seq AND t.seq <= v_upto AND t.action IS NOT NULL AND t.received_on = v_day
    ), turned AS MATERIALIZED (
        SELECT d.*, CASE WHEN d.action <> 0 THEN coalesce(
            lag(d.action) OVER (PARTITION BY d.link, d.law, d.is_shadow, d.action <> 0 ORDER BY d.seq),
            (v_state.directions ->> (d.link || '|' || d.law || '|' || d.is_shadow))::int2) END AS before
        FROM decision AS d
    ), written AS (
        INSERT INTO fairlead.loop_rollup AS r (
            stream_id, width_s, window_start, link, law, is_shadow, received_on, decision_count, decrease_count, increase_count, reversal_count, decided_ms,
            floor_ms, ceiling_ms)
        SELECT
            p_stream_id, w.width_s, fairlead.window_start(d.at_us, w.width_s), d.link, d.law, d.is_shadow, d.received_on, count(*),
            count(*) FILTER (WHERE d.action = 1), count(*) FILTER (WHERE d.action = 2), count(*) FILTER (WHERE d.action <> d.before),
            sum(d.interval_ms), coalesce(sum(d.interval_ms) FILTER (WHERE d.at_floor), 0), coalesce(sum(d.interval_ms) FILTER (WHERE d.at_ceiling), 0)
        FROM turned AS d CROSS JOIN (VALUES (60), (3600)) AS w (width_s)
        GROUP BY w.width_s, fairlead.window_start(d.at_us, w.width_s), d.link, d.law, d.is_shadow, d.received_on
        ON CONFLICT (stream_id, width_s, window_start, link, law, is_shadow, received_on) DO UPDATE SET
            decision_count = r.decision_count + excluded.decision_count, decrease_count = r.decrease_count + excluded.decrease_count,
            increase_count = r.increase_count + excluded.increase_count, reversal_count = r.reversal_count + excluded.reversal_count,
            decided_ms = r.decided_ms + excluded.decided_ms, floor_ms = r.floor_ms + excluded.floor_ms, ceiling_ms = r.ceiling_ms + excluded.ceiling_ms
    )
    SELECT jsonb_object_agg(l.link || '|' || l.law || '|' || l.is_shadow, l.action) INTO v_directions
    FROM (
        SELECT DISTINCT ON (t.link, t.law, t.is_shadow) t.link, t.law, t.is_shadow, t.action FROM turned AS t
        WHERE t.action <> 0 ORDER BY t.link, t.law, t.is_shadow, t.seq DESC
    ) AS l;

    INSERT INTO fairlead.patch_rollup AS r (stream_id, width_s, window_start, result, received_on, patch_count)
    SELECT p_stream_id, w.width_s, fairlead.window_start(e.at_us, w.width_s), e.result, e.received_on, count(*)
    FROM (
        SELECT v.at_us, v.received_on, coalesce(left(v.body::jsonb ->> 'result', 20), 'unknown') AS result
        FROM fairlead.event AS v
        WHERE v.stream_id = p_stream_id AND v.seq > v_state.seq AND v.seq <= v_upto AND v.kind = 'patch_settled' AND v.is_json
          AND v.received_on = v_day
    ) AS e CROSS JOIN (VALUES (60), (3600)) AS w (width_s)
    GROUP BY w.width_s, fairlead.window_start(e.at_us, w.width_s), e.result, e.received_on
    ON CONFLICT (stream_id, width_s, window_start, result, received_on) DO UPDATE SET patch_count = r.patch_count + excluded.patch_count;

    INSERT INTO fairlead.rollup_state AS r (stream_id, received_on, seq, directions)
    VALUES (p_stream_id, v_day, v_upto, v_state.directions || coalesce(v_directions, '{}'))
    ON CONFLICT (stream_id, received_on) DO UPDATE SET seq = excluded.seq, directions = excluded.directions;
    RETURN least(v_upto - v_state.seq, 2147483647)::int4;
END
$$;

-- Folds the streams that are furthest behind; returns how many entries.
CREATE FUNCTION fairlead.fold_streams(p_streams int4, p_most int4) RETURNS int8
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, fairlead, pg_temp
RETURN (
    SELECT coalesce(sum(fairlead.fold_rollups(b.stream_id, p_most)), 0)::int8
    FROM (
        SELECT s.stream_id FROM fairlead.stream AS s
        CROSS JOIN LATERAL (SELECT coalesce(max(r.seq), 0) AS seq FROM fairlead.rollup_state AS r WHERE r.stream_id = s.stream_id) AS folded
        WHERE s.seq > folded.seq ORDER BY s.seq - folded.seq DESC, s.stream_id LIMIT p_streams
    ) AS b);

-- Through which entry a stream's days are dropped; 0 where none is.
CREATE FUNCTION fairlead.sealed_through(p_stream_id int8) RETURNS int8
LANGUAGE sql STABLE
RETURN coalesce((SELECT max(s.last_seq) FROM fairlead.seal AS s WHERE s.stream_id = p_stream_id), 0);

-- Drops all projections that the log still holds the entries of, and makes them again. For the owner; appends wait meanwhile.
CREATE FUNCTION fairlead.rebuild() RETURNS int8
LANGUAGE plpgsql SET search_path = pg_catalog, fairlead, pg_temp AS $$
DECLARE
    v_stream fairlead.stream;
    v_event record;
    v_folded int4;
    v_entries int8 := 0;
BEGIN
    -- In the order of their keys: append locks one, and never two.
    FOR v_stream IN SELECT s.* FROM fairlead.stream AS s ORDER BY s.stream_id FOR UPDATE LOOP
        DELETE FROM fairlead.roster AS r WHERE r.stream_id = v_stream.stream_id AND r.seq > fairlead.sealed_through(v_stream.stream_id);
        IF v_stream.name = 'coordinator' THEN
            DELETE FROM fairlead.grant_head AS g WHERE g.seq > fairlead.sealed_through(v_stream.stream_id);
        ELSIF v_stream.name = 'alerter' THEN
            DELETE FROM fairlead.alert AS a WHERE a.seq > fairlead.sealed_through(v_stream.stream_id);
        END IF;
        DELETE FROM fairlead.flow_rollup AS r WHERE r.stream_id = v_stream.stream_id AND NOT EXISTS (SELECT FROM fairlead.seal AS s WHERE s.stream_id = r.stream_id AND s.received_on = r.received_on);
        DELETE FROM fairlead.loop_rollup AS r WHERE r.stream_id = v_stream.stream_id AND NOT EXISTS (SELECT FROM fairlead.seal AS s WHERE s.stream_id = r.stream_id AND s.received_on = r.received_on);
        DELETE FROM fairlead.patch_rollup AS r WHERE r.stream_id = v_stream.stream_id AND NOT EXISTS (SELECT FROM fairlead.seal AS s WHERE s.stream_id = r.stream_id AND s.received_on = r.received_on);
        DELETE FROM fairlead.rollup_state AS r WHERE r.stream_id = v_stream.stream_id;
        INSERT INTO fairlead.rollup_state (stream_id, received_on, seq, directions)
        SELECT s.stream_id, s.received_on, s.last_seq, s.directions FROM fairlead.seal AS s
        WHERE s.stream_id = v_stream.stream_id ORDER BY s.received_on DESC LIMIT 1;

        v_stream.seq := fairlead.sealed_through(v_stream.stream_id);
        LOOP
            SELECT e.seq, e.received_on INTO v_event FROM fairlead.event AS e
            WHERE e.stream_id = v_stream.stream_id AND e.seq > v_stream.seq AND e.is_json AND e.kind IN ('roster_declared', 'grant_issued', 'alert_changed')
            ORDER BY e.seq LIMIT 1;
            EXIT WHEN NOT FOUND;
            v_stream.seq := v_event.seq - 1;
            PERFORM fairlead.project_events(v_stream, v_event.received_on, NULL);
            -- One call projects 500 entries of one day at most: go on behind them.
            v_stream.seq := (
                SELECT max(p.seq) FROM (
                    SELECT e.seq FROM fairlead.event AS e
                    WHERE e.stream_id = v_stream.stream_id AND e.received_on = v_event.received_on AND e.seq > v_stream.seq AND e.is_json
                      AND e.kind IN ('roster_declared', 'grant_issued', 'alert_changed')
                    ORDER BY e.seq LIMIT 500) AS p);
        END LOOP;
        LOOP
            v_folded := fairlead.fold_rollups(v_stream.stream_id, 20000);
            EXIT WHEN v_folded = 0;
            v_entries := v_entries + v_folded;
        END LOOP;
    END LOOP;
    RETURN v_entries;
END
$$;

-- A digest per projection, over its rows in the order of their keys: equal before and after a rebuild.
CREATE FUNCTION fairlead.projection_digests() RETURNS TABLE (projection text, row_count int8, digest text)
LANGUAGE sql STABLE SET timezone = 'UTC' SET search_path = pg_catalog, fairlead, pg_temp AS $$
    SELECT 'roster', count(*), encode(sha256(coalesce(string_agg(sha256(convert_to(r::text, 'UTF8')), '' ORDER BY r.stream_id, r.seq), '')), 'hex') FROM fairlead.roster AS r
    UNION ALL
    SELECT 'grant_head', count(*), encode(sha256(coalesce(string_agg(sha256(convert_to(r::text, 'UTF8')), '' ORDER BY r.cluster COLLATE "C"), '')), 'hex') FROM fairlead.grant_head AS r
    UNION ALL
    SELECT 'alert', count(*), encode(sha256(coalesce(string_agg(sha256(convert_to(r::text, 'UTF8')), '' ORDER BY r.fingerprint COLLATE "C"), '')), 'hex') FROM fairlead.alert AS r
    UNION ALL
    SELECT 'flow_rollup', count(*), encode(sha256(coalesce(string_agg(sha256(convert_to(r::text, 'UTF8')), '' ORDER BY r.stream_id, r.width_s, r.window_start, r.flow COLLATE "C", r.received_on), '')), 'hex') FROM fairlead.flow_rollup AS r
    UNION ALL
    SELECT 'loop_rollup', count(*), encode(sha256(coalesce(string_agg(sha256(convert_to(r::text, 'UTF8')), '' ORDER BY r.stream_id, r.width_s, r.window_start, r.link COLLATE "C", r.law COLLATE "C", r.is_shadow, r.received_on), '')), 'hex') FROM fairlead.loop_rollup AS r
    UNION ALL
    SELECT 'patch_rollup', count(*), encode(sha256(coalesce(string_agg(sha256(convert_to(r::text, 'UTF8')), '' ORDER BY r.stream_id, r.width_s, r.window_start, r.result COLLATE "C", r.received_on), '')), 'hex') FROM fairlead.patch_rollup AS r
$$;

-- Why the oldest day may not be dropped yet; no rows where it may. p_keep_days: how many days before today stay.
CREATE FUNCTION fairlead.drop_obstacles(p_day date, p_keep_days int4) RETURNS TABLE (obstacle text)
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
    SELECT 'the consumer ' || c.consumer || ' stands at ' || s.name || '/' || c.seq || ', the day ends at ' || e.last_seq
    FROM fairlead.day_ends(p_day) AS e JOIN fairlead.stream AS s ON s.stream_id = e.stream_id
    JOIN fairlead.consumer_cursor AS c ON c.stream_id = e.stream_id AND c.seq < e.last_seq
    ORDER BY c.consumer, s.name LIMIT 20;
END
$$;

-- The days that have partitions, with their size.
CREATE FUNCTION fairlead.partition_day() RETURNS TABLE (received_on date, byte_count int8)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, fairlead, pg_temp AS $$
    SELECT to_date(right(c.relname, 8), 'YYYYMMDD'), sum(pg_total_relation_size(c.oid))::int8
    FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
    WHERE i.inhparent IN ('fairlead.tick'::regclass, 'fairlead.event'::regclass)
    GROUP BY 1 ORDER BY 1
$$;

-- First and last entry of each stream on a day, and how many there are.
CREATE FUNCTION fairlead.day_ends(p_day date) RETURNS TABLE (stream_id int8, first_seq int8, last_seq int8, entry_count int8)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, fairlead, pg_temp AS $$
    SELECT
        s.stream_id, least(t.first_seq, e.first_seq), greatest(t.last_seq, e.last_seq), t.entry_count + e.entry_count
    FROM fairlead.stream AS s
    CROSS JOIN LATERAL (
        SELECT min(r.seq) AS first_seq, max(r.seq) AS last_seq, count(*) AS entry_count FROM fairlead.tick AS r WHERE r.stream_id = s.stream_id AND r.received_on = p_day) AS t
    CROSS JOIN LATERAL (
        SELECT min(r.seq) AS first_seq, max(r.seq) AS last_seq, count(*) AS entry_count FROM fairlead.event AS r WHERE r.stream_id = s.stream_id AND r.received_on = p_day) AS e
    WHERE t.entry_count + e.entry_count > 0
$$;

-- Drops the oldest day: seals first, then the partitions, in one transaction. Returns the number of streams sealed; raises 55000 with the
-- first obstacle. Takes an exclusive lock on tick and event for a moment; lock_timeout bounds the wait.
CREATE FUNCTION fairlead.drop_day(p_day date, p_keep_days int4) RETURNS int4
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, fairlead, pg_temp AS $$
DECLARE
    v_obstacle text;
    v_streams int4;
    v_table text;
BEGIN
    PERFORM pg_advisory_xact_lock(7377293604775354725);
    SELECT o.obstacle INTO v_obstacle FROM fairlead.drop_obstacles(p_day, p_keep_days) AS o LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'the day % is not dropped: %', p_day, v_obstacle USING ERRCODE = '55000';
    END IF;
    INSERT INTO fairlead.seal (stream_id, received_on, first_seq, last_seq, entry_count, prev_hash, last_hash, directions)
    SELECT
        e.stream_id, p_day, e.first_seq, e.last_seq, e.entry_count,
        CASE WHEN e.first_seq = 1 THEN fairlead.genesis(s.name) ELSE
            (SELECT p.last_hash FROM fairlead.seal AS p WHERE p.stream_id = e.stream_id AND p.last_seq = e.first_seq - 1) END,
        coalesce(
            (SELECT t.hash FROM fairlead.tick AS t WHERE t.stream_id = e.stream_id AND t.seq = e.last_seq AND t.received_on = p_day),
            (SELECT v.hash FROM fairlead.event AS v WHERE v.stream_id = e.stream_id AND v.seq = e.last_seq AND v.received_on = p_day)),
        r.directions
    FROM fairlead.day_ends(p_day) AS e JOIN fairlead.stream AS s ON s.stream_id = e.stream_id
    JOIN fairlead.rollup_state AS r ON r.stream_id = e.stream_id AND r.received_on = p_day;
    GET DIAGNOSTICS v_streams = ROW_COUNT;
    DELETE FROM fairlead.rollup_state AS r WHERE r.received_on = p_day AND EXISTS (
        SELECT FROM fairlead.rollup_state AS n WHERE n.stream_id = r.stream_id AND n.received_on > p_day);
    FOREACH v_table IN ARRAY ARRAY['tick', 'event'] LOOP
        EXECUTE format('DROP TABLE IF EXISTS fairlead.%I', v_table || '_' || to_char(p_day, 'YYYYMMDD'));
    END LOOP;
    RETURN v_streams;
END
$$;

-- What stood at the end of a dropped day counts for the digest before the first entry that is left.
CREATE OR REPLACE FUNCTION fairlead.digest_at(p_head fairlead.stream, p_seq int8) RETURNS bytea
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, fairlead, pg_temp AS $$
BEGIN
    IF p_seq = p_head.seq THEN RETURN p_head.hash; END IF;
    IF p_seq = 0 THEN RETURN fairlead.genesis(p_head.name); END IF;
    RETURN coalesce(
        p_head.recent_hashes[array_position(p_head.recent_seqs, p_seq)],
        (SELECT t.hash FROM fairlead.tick AS t WHERE t.stream_id = p_head.stream_id AND t.seq = p_seq),
        (SELECT e.hash FROM fairlead.event AS e WHERE e.stream_id = p_head.stream_id AND e.seq = p_seq),
        (SELECT s.last_hash FROM fairlead.seal AS s WHERE s.stream_id = p_head.stream_id AND s.last_seq = p_seq));
END
$$;

CREATE VIEW analytics.flow_rollup AS
SELECT
    s.name AS stream, s.cluster, r.flow, r.width_s, r.window_start, sum(r.tick_count)::int8 AS tick_count, sum(r.missing_count)::int8 AS missing_count,
    sum(r.answered)::int8 AS answered_count, sum(r.lost)::int8 AS lost_count,
    sum(r.lost)::float8 / nullif(sum(r.answered) + sum(r.lost), 0)::float8 AS loss_ratio, sum(r.measured_ms)::float8 / 1000 AS measured_s,
    sum(r.violation_ms)::float8 / 1000 AS violation_s,
    fairlead.histogram_percentile(fairlead.merge_histograms(r.p95_histogram), 50) / 10000.0::float8 AS delay_p95_median_ms,
    fairlead.histogram_percentile(fairlead.merge_histograms(r.p95_histogram), 99) / 10000.0::float8 AS delay_p95_p99_ms,
    max(r.p95_max_100ns) / 10000.0::float8 AS delay_p95_max_ms, max(r.max_100ns) / 10000.0::float8 AS delay_max_ms
FROM fairlead.flow_rollup AS r JOIN fairlead.stream AS s ON s.stream_id = r.stream_id
GROUP BY s.name, s.cluster, r.stream_id, r.flow, r.width_s, r.window_start;
COMMENT ON VIEW analytics.flow_rollup IS 'One row per flow and minute or hour of the shipper''s clock: folded from the samples, late ones included.';
COMMENT ON COLUMN analytics.flow_rollup.stream IS 'The stream that held the ticks.';
COMMENT ON COLUMN analytics.flow_rollup.cluster IS 'The cluster that measured.';
COMMENT ON COLUMN analytics.flow_rollup.flow IS 'The critical flow''s id; #n where no roster names it.';
COMMENT ON COLUMN analytics.flow_rollup.width_s IS 'Length of the window: 60 or 3600 seconds. Always ask for one of them.';
COMMENT ON COLUMN analytics.flow_rollup.window_start IS 'Start of the window, by the shipper''s clock; a condition on it keeps a query fast.';
COMMENT ON COLUMN analytics.flow_rollup.tick_count IS 'Samples folded in.';
COMMENT ON COLUMN analytics.flow_rollup.missing_count IS 'Those of them without a delay.';
COMMENT ON COLUMN analytics.flow_rollup.answered_count IS 'Probes answered.';
COMMENT ON COLUMN analytics.flow_rollup.lost_count IS 'Probes lost.';
COMMENT ON COLUMN analytics.flow_rollup.loss_ratio IS 'lost / (answered + lost), 0 to 1; NULL where none was sent.';
COMMENT ON COLUMN analytics.flow_rollup.measured_s IS 'Seconds covered by samples with a delay.';
COMMENT ON COLUMN analytics.flow_rollup.violation_s IS 'Seconds whose p95 lay above the bound of the flow''s SLA class.';
COMMENT ON COLUMN analytics.flow_rollup.delay_p95_median_ms IS 'Median of the samples'' p95, from merged histograms (upper bound of a bucket a tenth wide), milliseconds.';
COMMENT ON COLUMN analytics.flow_rollup.delay_p95_p99_ms IS '99th percentile of the samples'' p95, likewise, milliseconds.';
COMMENT ON COLUMN analytics.flow_rollup.delay_p95_max_ms IS 'Largest p95, exact, milliseconds.';
COMMENT ON COLUMN analytics.flow_rollup.delay_max_ms IS 'Largest delay above the base, exact, milliseconds.';

CREATE VIEW analytics.loop_rollup AS
SELECT
    s.name AS stream, s.cluster, r.link, r.law, r.is_shadow, r.width_s, r.window_start, sum(r.decision_count)::int8 AS decision_count,
    sum(r.decrease_count)::int8 AS decrease_count, sum(r.increase_count)::int8 AS increase_count, sum(r.reversal_count)::int8 AS reversal_count,
    sum(r.decided_ms)::float8 / 1000 AS decided_s, sum(r.floor_ms)::float8 / 1000 AS at_floor_s, sum(r.ceiling_ms)::float8 / 1000 AS at_ceiling_s
FROM fairlead.loop_rollup AS r JOIN fairlead.stream AS s ON s.stream_id = r.stream_id
GROUP BY s.name, s.cluster, r.stream_id, r.link, r.law, r.is_shadow, r.width_s, r.window_start;
COMMENT ON VIEW analytics.loop_rollup IS 'One row per loop and minute or hour of the shipper''s clock: folded from the decisions.';
COMMENT ON COLUMN analytics.loop_rollup.stream IS 'The stream that held the ticks.';
COMMENT ON COLUMN analytics.loop_rollup.cluster IS 'The cluster that decided.';
COMMENT ON COLUMN analytics.loop_rollup.link IS 'The link that the loop protects.';
COMMENT ON COLUMN analytics.loop_rollup.law IS 'Name and version of the law.';
COMMENT ON COLUMN analytics.loop_rollup.is_shadow IS 'True: acted on nothing.';
COMMENT ON COLUMN analytics.loop_rollup.width_s IS 'Length of the window: 60 or 3600 seconds. Always ask for one of them.';
COMMENT ON COLUMN analytics.loop_rollup.window_start IS 'Start of the window, by the shipper''s clock; a condition on it keeps a query fast.';
COMMENT ON COLUMN analytics.loop_rollup.decision_count IS 'Decisions.';
COMMENT ON COLUMN analytics.loop_rollup.decrease_count IS 'Decisions to lower.';
COMMENT ON COLUMN analytics.loop_rollup.increase_count IS 'Decisions to raise.';
COMMENT ON COLUMN analytics.loop_rollup.reversal_count IS 'Changes of direction: a raise after a decrease or a decrease after a raise, holds in between not counted.';
COMMENT ON COLUMN analytics.loop_rollup.decided_s IS 'Seconds covered by decisions.';
COMMENT ON COLUMN analytics.loop_rollup.at_floor_s IS 'Seconds at the floor.';
COMMENT ON COLUMN analytics.loop_rollup.at_ceiling_s IS 'Seconds at the ceiling.';

CREATE VIEW analytics.patch_rollup AS
SELECT s.name AS stream, s.cluster, r.result, r.width_s, r.window_start, sum(r.patch_count)::int8 AS patch_count
FROM fairlead.patch_rollup AS r JOIN fairlead.stream AS s ON s.stream_id = r.stream_id
GROUP BY s.name, s.cluster, r.stream_id, r.result, r.width_s, r.window_start;
COMMENT ON VIEW analytics.patch_rollup IS 'One row per result of patches and minute or hour of the writer''s clock.';
COMMENT ON COLUMN analytics.patch_rollup.stream IS 'The stream that held the events.';
COMMENT ON COLUMN analytics.patch_rollup.cluster IS 'The cluster; NULL for what the centre patched.';
COMMENT ON COLUMN analytics.patch_rollup.result IS 'applied, refused, unknown, lost-race, contested or gone.';
COMMENT ON COLUMN analytics.patch_rollup.width_s IS 'Length of the window: 60 or 3600 seconds. Always ask for one of them.';
COMMENT ON COLUMN analytics.patch_rollup.window_start IS 'Start of the window, by the writer''s clock.';
COMMENT ON COLUMN analytics.patch_rollup.patch_count IS 'Patches.';

-- Ends a role's right to write and to log in, and the sessions that it has. Runs with the caller's rights: an administrator's.
CREATE FUNCTION fairlead.cut(p_role text) RETURNS int4
LANGUAGE plpgsql SET search_path = pg_catalog, fairlead, pg_temp AS $$
DECLARE
    v_sessions int4;
BEGIN
    EXECUTE format('ALTER ROLE %I NOLOGIN', p_role);
    UPDATE fairlead.writer AS w SET revoked_at = clock_timestamp() WHERE w.role_name = p_role AND w.revoked_at IS NULL;
    SELECT count(*) FILTER (WHERE pg_terminate_backend(a.pid)) INTO v_sessions FROM pg_stat_activity AS a WHERE a.usename = p_role;
    RETURN v_sessions;
END
$$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA fairlead FROM PUBLIC;
GRANT SELECT ON ALL TABLES IN SCHEMA analytics TO fairlead_analyst, fairlead_coordinator, fairlead_alerter;
GRANT EXECUTE ON FUNCTION fairlead.histogram_percentile(int4[], float8), fairlead.merged_histogram(int4[], int4[]), fairlead.merge_histograms(int4[]),
    fairlead.delay_bounds() TO fairlead_analyst, fairlead_coordinator, fairlead_alerter;
GRANT EXECUTE ON FUNCTION fairlead.fold_streams(int4, int4), fairlead.drop_day(date, int4), fairlead.drop_obstacles(date, int4), fairlead.partition_day()
    TO fairlead_coordinator;
GRANT EXECUTE ON FUNCTION fairlead.sealed_through(int8) TO fairlead_coordinator, fairlead_alerter;
GRANT SELECT ON fairlead.seal, fairlead.rollup_state TO fairlead_coordinator, fairlead_alerter;

RESET ROLE;
