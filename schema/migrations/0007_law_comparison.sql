-- Laws beside each other: what shadows would have done, by the numbers that a backtest prints; and when a deadband moved.
-- oldest-binary: 1
-- Locks: only what it creates, and a comment.

SET LOCAL ROLE fairlead_owner;

COMMENT ON COLUMN analytics.decision.evidence_flags IS 'Bits: 1 fresh since decrease, 2 fresh since change, 4 confirmed, 8 base proven, 16 paused, 32 standalone, 64 not enforced, 128 may act, 256 resumed, 512 highly critical.';

-- The same numbers as LawCourse (Sources/LawHistory), window by window: a test holds one against the other.
CREATE VIEW analytics.shadow_comparison AS
WITH intended AS (
    -- A loop that may not act (128) or is paused (16) decides to hold: what it meant stands in the stage before.
    SELECT
        t.stream_id, t.received_on, t.seq, t.tick_number, t.link, t.law, t.roster_seq, t.is_shadow, i.action, i.rate_bps,
        coalesce(t.in_quality IN (0, 1, 5) AND t.in_raw_100ns > t.in_target_100ns, false) AS is_above_target,
        coalesce(t.in_quality IN (0, 1, 5) AND t.in_raw_100ns > t.in_bound_100ns, false) AS is_above,
        coalesce(t.in_quality IN (0, 1, 5) AND t.in_raw_100ns <= t.in_target_100ns, false) AS is_within,
        i.action = 1 AND t.reason <> 22 AS is_brake, t.reason IN (16, 18) AS has_no_way_down
    FROM fairlead.tick AS t
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
        n.action <> 0 AND n.action <> lag(n.action) OVER (PARTITION BY n.stream_id, n.received_on, n.link, n.law, n.is_shadow, n.action = 0 ORDER BY n.seq) AS is_reversal
    FROM intended AS n
    WINDOW w AS (PARTITION BY n.stream_id, n.received_on, n.link, n.law, n.is_shadow ORDER BY n.seq)
)
SELECT
    s.name AS stream, s.cluster, v.received_on, r.link_ids[v.link + 1] AS link, r.law_names[v.law + 1] AS law,
    r.law_names[h.law + 1] AS shadow_law, r.law_parameters[h.law + 1] AS shadow_law_parameters, count(*) AS decision_count,
    avg((v.action = h.action AND (v.action = 0 OR v.rate_bps IS NOT DISTINCT FROM h.rate_bps))::int4)::float8 AS alike_ratio,
    count(*) FILTER (WHERE v.is_above_target) AS above_target_count, count(*) FILTER (WHERE v.is_above) AS above_bound_count,
    count(*) FILTER (WHERE v.begins_excess) AS excess_count,
    count(*) FILTER (WHERE v.is_brake) AS brake_count, count(*) FILTER (WHERE h.is_brake) AS shadow_brake_count,
    count(*) FILTER (WHERE v.is_foreseen) AS foreseen_count, count(*) FILTER (WHERE h.is_foreseen) AS shadow_foreseen_count,
    count(*) FILTER (WHERE v.is_missed) AS missed_count, count(*) FILTER (WHERE h.is_missed) AS shadow_missed_count,
    count(*) FILTER (WHERE v.is_false_brake) AS false_brake_count, count(*) FILTER (WHERE h.is_false_brake) AS shadow_false_brake_count,
    avg(v.rate_bps)::int8 AS desired_mean_bps, avg(h.rate_bps)::int8 AS shadow_desired_mean_bps,
    count(*) FILTER (WHERE v.action <> 0) AS patch_count, count(*) FILTER (WHERE h.action <> 0) AS shadow_patch_count,
    count(*) FILTER (WHERE v.is_reversal) AS reversal_count, count(*) FILTER (WHERE h.is_reversal) AS shadow_reversal_count
FROM judged AS v
JOIN judged AS h ON h.stream_id = v.stream_id AND h.received_on = v.received_on AND h.tick_number = v.tick_number AND h.link = v.link AND h.is_shadow
JOIN fairlead.stream AS s ON s.stream_id = v.stream_id
LEFT JOIN fairlead.roster AS r ON r.stream_id = v.stream_id AND r.seq = v.roster_seq
WHERE NOT v.is_shadow
GROUP BY
    s.name, s.cluster, v.received_on, r.link_ids[v.link + 1], r.law_names[v.law + 1], r.law_names[h.law + 1], r.law_parameters[h.law + 1];
COMMENT ON VIEW analytics.shadow_comparison IS 'One row per stream, day, link and shadow law, beside the law that acted on the same ticks. History is open loop: it tells how the shadow reads what happened, not what would have happened.';
COMMENT ON COLUMN analytics.shadow_comparison.stream IS 'The stream that holds the decisions.';
COMMENT ON COLUMN analytics.shadow_comparison.cluster IS 'The cluster that decided.';
COMMENT ON COLUMN analytics.shadow_comparison.received_on IS 'The day (UTC) on which the log stored them: one partition. Counts that look at neighbouring ticks begin anew with it.';
COMMENT ON COLUMN analytics.shadow_comparison.link IS 'The link that the loop protects.';
COMMENT ON COLUMN analytics.shadow_comparison.law IS 'Name and version of the law that acted.';
COMMENT ON COLUMN analytics.shadow_comparison.shadow_law IS 'Name and version of the law that watched.';
COMMENT ON COLUMN analytics.shadow_comparison.shadow_law_parameters IS 'All parameters of the law that watched.';
COMMENT ON COLUMN analytics.shadow_comparison.decision_count IS 'Ticks on which both decided, with the writer as leader.';
COMMENT ON COLUMN analytics.shadow_comparison.alike_ratio IS 'Share of them with the same action and, unless both held, the same rate; 0 to 1.';
COMMENT ON COLUMN analytics.shadow_comparison.above_target_count IS 'Ticks whose raw sample lay above the target.';
COMMENT ON COLUMN analytics.shadow_comparison.above_bound_count IS 'Ticks whose raw sample lay above the bound.';
COMMENT ON COLUMN analytics.shadow_comparison.excess_count IS 'Stretches of ticks above the bound.';
COMMENT ON COLUMN analytics.shadow_comparison.brake_count IS 'Brakes of the law that acted: decisions to lower that follow no grant.';
COMMENT ON COLUMN analytics.shadow_comparison.shadow_brake_count IS 'Brakes that the shadow would have asked for.';
COMMENT ON COLUMN analytics.shadow_comparison.foreseen_count IS 'Stretches above the bound that a brake came before, by at most two ticks.';
COMMENT ON COLUMN analytics.shadow_comparison.shadow_foreseen_count IS 'The same for the shadow.';
COMMENT ON COLUMN analytics.shadow_comparison.missed_count IS 'Stretches above the bound without a brake from two ticks before their first to one after, though there was something to lower.';
COMMENT ON COLUMN analytics.shadow_comparison.shadow_missed_count IS 'The same for the shadow.';
COMMENT ON COLUMN analytics.shadow_comparison.false_brake_count IS 'Brakes with the flow within its target, and within its bound for two ticks after.';
COMMENT ON COLUMN analytics.shadow_comparison.shadow_false_brake_count IS 'The same for the shadow.';
COMMENT ON COLUMN analytics.shadow_comparison.desired_mean_bps IS 'Mean of the rates that the law which acted desired, bit/s.';
COMMENT ON COLUMN analytics.shadow_comparison.shadow_desired_mean_bps IS 'Mean of the rates that the shadow would have desired, bit/s.';
COMMENT ON COLUMN analytics.shadow_comparison.patch_count IS 'Decisions to change the rate.';
COMMENT ON COLUMN analytics.shadow_comparison.shadow_patch_count IS 'The same for the shadow.';
COMMENT ON COLUMN analytics.shadow_comparison.reversal_count IS 'Changes of direction, holds in between not counted.';
COMMENT ON COLUMN analytics.shadow_comparison.shadow_reversal_count IS 'The same for the shadow.';

CREATE VIEW analytics.threshold_change AS
SELECT
    s.name || '/' || c.seq AS decision, s.name AS stream, s.cluster, c.seq, fairlead.instant(c.at_us) AS at, c.received_on,
    r.link_ids[c.link + 1] AS link, r.law_names[c.law + 1] AS law, c.is_shadow, r.flow_ids[c.in_flow + 1] AS steering_flow,
    fairlead.milliseconds(c.lower_before) AS lower_threshold_before_ms, fairlead.milliseconds(c.lower_threshold_100ns) AS lower_threshold_ms,
    fairlead.milliseconds(c.upper_before) AS upper_threshold_before_ms, fairlead.milliseconds(c.upper_threshold_100ns) AS upper_threshold_ms
FROM (
    SELECT
        t.stream_id, t.seq, t.at_us, t.received_on, t.roster_seq, t.link, t.law, t.is_shadow, t.in_flow, t.lower_threshold_100ns, t.upper_threshold_100ns,
        lag(t.lower_threshold_100ns) OVER w AS lower_before, lag(t.upper_threshold_100ns) OVER w AS upper_before
    FROM fairlead.tick AS t
    WHERE t.action IS NOT NULL
    WINDOW w AS (PARTITION BY t.stream_id, t.received_on, t.link, t.law, t.is_shadow, t.in_flow ORDER BY t.seq)
) AS c
JOIN fairlead.stream AS s ON s.stream_id = c.stream_id
LEFT JOIN fairlead.roster AS r ON r.stream_id = c.stream_id AND r.seq = c.roster_seq
WHERE c.lower_before <> c.lower_threshold_100ns OR c.upper_before <> c.upper_threshold_100ns;
COMMENT ON VIEW analytics.threshold_change IS 'One row per decision whose deadband was not that of the one before: the class was changed, or an adaptive deadband moved.';
COMMENT ON COLUMN analytics.threshold_change.decision IS 'The decision''s id, stream/seq: what fairlead explain takes.';
COMMENT ON COLUMN analytics.threshold_change.stream IS 'The stream that holds the row.';
COMMENT ON COLUMN analytics.threshold_change.cluster IS 'The cluster that decided.';
COMMENT ON COLUMN analytics.threshold_change.seq IS 'Sequence number in the stream.';
COMMENT ON COLUMN analytics.threshold_change.at IS 'Civil time at the end of the window, by the shipper''s clock.';
COMMENT ON COLUMN analytics.threshold_change.received_on IS 'The day of its partition (UTC); the first decision of a day has none before it.';
COMMENT ON COLUMN analytics.threshold_change.link IS 'The link that the loop protects.';
COMMENT ON COLUMN analytics.threshold_change.law IS 'Name and version of the law.';
COMMENT ON COLUMN analytics.threshold_change.is_shadow IS 'True: decided on the same sample, acted on nothing.';
COMMENT ON COLUMN analytics.threshold_change.steering_flow IS 'The flow whose deadband it is.';
COMMENT ON COLUMN analytics.threshold_change.lower_threshold_before_ms IS 'The lower threshold before, milliseconds.';
COMMENT ON COLUMN analytics.threshold_change.lower_threshold_ms IS 'Below it a raise is thought of, milliseconds.';
COMMENT ON COLUMN analytics.threshold_change.upper_threshold_before_ms IS 'The upper threshold before, milliseconds.';
COMMENT ON COLUMN analytics.threshold_change.upper_threshold_ms IS 'Above it a decrease is, milliseconds.';

GRANT SELECT ON ALL TABLES IN SCHEMA analytics TO fairlead_analyst, fairlead_coordinator, fairlead_alerter;

RESET ROLE;
