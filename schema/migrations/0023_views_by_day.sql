-- Two views read what is asked for, and no longer all of the log: a day (received_on) of one cluster or one stream. Their windows are taken apart
-- by the cluster and the stream too, so that conditions on them reach the table. And a day is compared with its shadow in one pass: joined with
-- itself, 17,280 ticks took half a minute. No row changes.
-- oldest-binary: 1
-- Locks: the two views, for a moment.

SET LOCAL ROLE fairlead_owner;

CREATE OR REPLACE VIEW analytics.shadow_comparison AS
WITH intended AS (
    -- A loop that may not act (128) or is paused (16) decides to hold: what it meant stands in the stage before.
    SELECT
        s.name, s.cluster, t.stream_id, t.received_on, t.seq, t.tick_number, t.link, t.law, t.roster_seq, t.is_shadow, i.action, i.rate_bps,
        coalesce(t.in_quality IN (0, 1, 5) AND t.in_raw_100ns > t.in_target_100ns, false) AS is_above_target,
        coalesce(t.in_quality IN (0, 1, 5) AND t.in_raw_100ns > t.in_bound_100ns, false) AS is_above,
        coalesce(t.in_quality IN (0, 1, 5) AND t.in_raw_100ns <= t.in_target_100ns, false) AS is_within,
        i.action = 1 AND t.reason <> 22 AS is_brake, t.reason IN (16, 18) AS has_no_way_down
    FROM fairlead.tick AS t JOIN fairlead.stream AS s ON s.stream_id = t.stream_id
    CROSS JOIN LATERAL (
        SELECT
            CASE WHEN t.in_evidence & 144 = 128 THEN t.action
                 WHEN t.after_clamp_bps IS NULL OR t.after_clamp_bps = t.in_applied_bps THEN 0
                 WHEN t.after_clamp_bps > t.in_applied_bps THEN 2 ELSE 1 END AS action,
            CASE WHEN t.in_evidence & 144 = 128 THEN t.desired_bps ELSE coalesce(t.after_clamp_bps, t.in_applied_bps) END AS rate_bps
    ) AS i
    WHERE t.action IS NOT NULL AND t.is_leader
), judged AS (
    SELECT
        n.*, n.is_above AND NOT lag(n.is_above, 1, false) OVER w AS begins_excess,
        n.is_above AND NOT lag(n.is_above, 1, false) OVER w AND (lag(n.is_brake, 1, false) OVER w OR lag(n.is_brake, 2, false) OVER w) AS is_foreseen,
        n.is_above AND NOT lag(n.is_above, 1, false) OVER w AND lead(n.seq) OVER w IS NOT NULL AND NOT (
            n.is_brake OR n.has_no_way_down OR lag(n.is_brake, 1, false) OVER w OR lag(n.is_brake, 2, false) OVER w
            OR lead(n.is_brake, 1, false) OVER w OR lead(n.has_no_way_down, 1, false) OVER w) AS is_missed,
        n.is_brake AND n.is_within AND NOT lead(n.is_above, 1, true) OVER w AND NOT lead(n.is_above, 2, true) OVER w AS is_false_brake,
        n.action <> 0 AND n.action <> lag(n.action) OVER (
            PARTITION BY n.name, n.cluster, n.stream_id, n.received_on, n.link, n.law, n.is_shadow, n.action = 0 ORDER BY n.seq) AS is_reversal
    FROM intended AS n
    WINDOW w AS (PARTITION BY n.name, n.cluster, n.stream_id, n.received_on, n.link, n.law, n.is_shadow ORDER BY n.seq)
), paired AS (
    -- Beside each row of a shadow the row of the law that acted on the same tick: the first of them. (A join of a day with itself has been seen to
    -- compare each tick with each.)
    SELECT
        j.*, first_value(j.is_shadow) OVER p AS v_is_shadow, first_value(j.law) OVER p AS v_law, first_value(j.roster_seq) OVER p AS v_roster_seq,
        first_value(j.action) OVER p AS v_action, first_value(j.rate_bps) OVER p AS v_rate_bps,
        first_value(j.is_above_target) OVER p AS v_is_above_target, first_value(j.is_above) OVER p AS v_is_above,
        first_value(j.begins_excess) OVER p AS v_begins_excess, first_value(j.is_brake) OVER p AS v_is_brake,
        first_value(j.is_foreseen) OVER p AS v_is_foreseen, first_value(j.is_missed) OVER p AS v_is_missed,
        first_value(j.is_false_brake) OVER p AS v_is_false_brake, first_value(j.is_reversal) OVER p AS v_is_reversal
    FROM judged AS j
    WINDOW p AS (PARTITION BY j.name, j.cluster, j.stream_id, j.received_on, j.link, j.tick_number ORDER BY j.is_shadow, j.seq)
)
SELECT
    h.name AS stream, h.cluster, h.received_on, r.link_ids[h.link + 1] AS link, r.law_names[h.v_law + 1] AS law,
    r.law_names[h.law + 1] AS shadow_law, r.law_parameters[h.law + 1] AS shadow_law_parameters, count(*) AS decision_count,
    avg((h.v_action = h.action AND (h.v_action = 0 OR h.v_rate_bps IS NOT DISTINCT FROM h.rate_bps))::int4)::float8 AS alike_ratio,
    count(*) FILTER (WHERE h.v_is_above_target) AS above_target_count, count(*) FILTER (WHERE h.v_is_above) AS above_bound_count,
    count(*) FILTER (WHERE h.v_begins_excess) AS excess_count,
    count(*) FILTER (WHERE h.v_is_brake) AS brake_count, count(*) FILTER (WHERE h.is_brake) AS shadow_brake_count,
    count(*) FILTER (WHERE h.v_is_foreseen) AS foreseen_count, count(*) FILTER (WHERE h.is_foreseen) AS shadow_foreseen_count,
    count(*) FILTER (WHERE h.v_is_missed) AS missed_count, count(*) FILTER (WHERE h.is_missed) AS shadow_missed_count,
    count(*) FILTER (WHERE h.v_is_false_brake) AS false_brake_count, count(*) FILTER (WHERE h.is_false_brake) AS shadow_false_brake_count,
    avg(h.v_rate_bps)::int8 AS desired_mean_bps, avg(h.rate_bps)::int8 AS shadow_desired_mean_bps,
    count(*) FILTER (WHERE h.v_action <> 0) AS patch_count, count(*) FILTER (WHERE h.action <> 0) AS shadow_patch_count,
    count(*) FILTER (WHERE h.v_is_reversal) AS reversal_count, count(*) FILTER (WHERE h.is_reversal) AS shadow_reversal_count
FROM paired AS h
LEFT JOIN fairlead.roster AS r ON r.stream_id = h.stream_id AND r.seq = h.v_roster_seq
WHERE h.is_shadow AND NOT h.v_is_shadow
GROUP BY
    h.name, h.cluster, h.received_on, r.link_ids[h.link + 1], r.law_names[h.v_law + 1], r.law_names[h.law + 1], r.law_parameters[h.law + 1];
COMMENT ON VIEW analytics.shadow_comparison IS 'One row per stream, day, link and shadow law, beside the law that acted on the same ticks. Ask for a day (received_on) and a cluster or a stream, else all of the log is read. History is open loop: it tells how the shadow reads what happened, not what would have happened.';

CREATE OR REPLACE VIEW analytics.threshold_change AS
SELECT
    c.name || '/' || c.seq AS decision, c.name AS stream, c.cluster, c.seq, fairlead.instant(c.at_us) AS at, c.received_on,
    r.link_ids[c.link + 1] AS link, r.law_names[c.law + 1] AS law, c.is_shadow, r.flow_ids[c.in_flow + 1] AS steering_flow,
    fairlead.milliseconds(c.lower_before) AS lower_threshold_before_ms, fairlead.milliseconds(c.lower_threshold_100ns) AS lower_threshold_ms,
    fairlead.milliseconds(c.upper_before) AS upper_threshold_before_ms, fairlead.milliseconds(c.upper_threshold_100ns) AS upper_threshold_ms
FROM (
    SELECT
        s.name, s.cluster, t.stream_id, t.seq, t.at_us, t.received_on, t.roster_seq, t.link, t.law, t.is_shadow, t.in_flow, t.lower_threshold_100ns, t.upper_threshold_100ns,
        lag(t.lower_threshold_100ns) OVER w AS lower_before, lag(t.upper_threshold_100ns) OVER w AS upper_before
    FROM fairlead.tick AS t JOIN fairlead.stream AS s ON s.stream_id = t.stream_id
    WHERE t.action IS NOT NULL
    WINDOW w AS (PARTITION BY s.name, s.cluster, t.stream_id, t.received_on, t.link, t.law, t.is_shadow, t.in_flow ORDER BY t.seq)
) AS c
LEFT JOIN fairlead.roster AS r ON r.stream_id = c.stream_id AND r.seq = c.roster_seq
WHERE c.lower_before <> c.lower_threshold_100ns OR c.upper_before <> c.upper_threshold_100ns;
COMMENT ON VIEW analytics.threshold_change IS 'One row per decision whose deadband was not that of the one before: the class was changed, or an adaptive deadband moved. Ask for a day (received_on) and a cluster or a stream, else all of the log is read.';

RESET ROLE;
