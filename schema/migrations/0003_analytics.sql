-- Schema analytics: what people and dashboards read. Each column has its unit in its name and a comment; the tables behind may change.
-- oldest-binary: 1
-- Locks: only what it creates.

SET LOCAL ROLE fairlead_owner;

CREATE FUNCTION fairlead.instant(p_microseconds int8) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN timestamptz '1970-01-01 00:00:00+00' + p_microseconds * interval '1 microsecond';

-- The whole number at a key; NULL where there is none. A body of a wrong shape must not fail a view for all others.
CREATE FUNCTION fairlead.json_int8(p_json jsonb, p_key text) RETURNS int8
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN jsonb_typeof(p_json -> p_key) = 'number' AND p_json ->> p_key ~ '^-?[0-9]{1,18}$' THEN (p_json ->> p_key)::int8 END;

CREATE FUNCTION fairlead.milliseconds(p_hundred_nanoseconds int4) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN p_hundred_nanoseconds / 10000.0::float8;

-- The words of the codec's numbers. A test holds them against the binary's own.
CREATE FUNCTION fairlead.sample_quality_word(p_code int2) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (ARRAY['measured', 'partial', 'stale', 'missing', 'probe-error', 'synthetic'])[p_code + 1];
CREATE FUNCTION fairlead.use_quality_word(p_code int2) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (ARRAY['measured', 'no-source', 'failed', 'first-reading'])[p_code + 1];
CREATE FUNCTION fairlead.offered_load_word(p_code int2) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (ARRAY['unknown', 'below-limit', 'at-limit'])[p_code + 1];
CREATE FUNCTION fairlead.loop_action_word(p_code int2) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (ARRAY['hold', 'decrease', 'increase'])[p_code + 1];
CREATE FUNCTION fairlead.decision_reason_word(p_code int2) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (ARRAY[
    'BrakedAboveBound', 'AboveTarget', 'BelowTarget', 'InsideDeadband', 'AtTarget', 'Cooldown', 'FlapBudget', 'MeasurementMissing',
    'MeasurementMissingStepDown', 'MeasurementMissingFloor', 'WaitingForEvidence', 'LimitNotUsed', 'UseNotProven', 'AtRememberedCeiling',
    'ProbingCeiling', 'NotOurTraffic', 'NotEnforced', 'AtFloor', 'AtCeiling', 'NoGrant', 'LimitedByGrant', 'GrantLowered', 'BaseNotProven',
    'Paused', 'Observing', 'Resumed', 'Unlimited'])[p_code];

CREATE VIEW analytics.stream AS
SELECT
    s.name AS stream, s.cluster, s.epoch, s.seq AS head_seq, encode(s.hash, 'hex') AS head_hash, s.received_at AS last_received_at,
    extract(epoch FROM clock_timestamp() - s.received_at)::float8 AS silent_for_s, s.opened_at
FROM fairlead.stream AS s;
COMMENT ON VIEW analytics.stream IS 'One row per stream of the log: its head.';
COMMENT ON COLUMN analytics.stream.stream IS 'Name: cluster/spool for a shipper''s spool, coordinator or alerter for a central part.';
COMMENT ON COLUMN analytics.stream.cluster IS 'The cluster whose spool this is; NULL for a central part.';
COMMENT ON COLUMN analytics.stream.epoch IS 'Counts the claims of the stream; a central part''s is its lease term.';
COMMENT ON COLUMN analytics.stream.head_seq IS 'Sequence number of the last entry; 0 for none.';
COMMENT ON COLUMN analytics.stream.head_hash IS 'SHA-256 of the chain at head_seq, hexadecimal.';
COMMENT ON COLUMN analytics.stream.last_received_at IS 'When the last entry was stored, by the server clock.';
COMMENT ON COLUMN analytics.stream.silent_for_s IS 'Seconds since then.';
COMMENT ON COLUMN analytics.stream.opened_at IS 'When the stream was last claimed.';

CREATE VIEW analytics.tick AS
SELECT
    s.name AS stream, s.cluster, t.seq, t.tick_number, t.ordinal, fairlead.instant(t.at_us) AS at, t.received_at, t.received_on,
    t.interval_ms, t.roster_seq, t.is_leader, t.lease_transitions, t.grant_term, t.grant_version,
    fairlead.packed_count(t.flow_quality) AS flow_count, fairlead.packed_count(t.workload_use_quality) AS workload_count,
    encode(t.hash, 'hex') AS hash
FROM fairlead.tick AS t JOIN fairlead.stream AS s ON s.stream_id = t.stream_id;
COMMENT ON VIEW analytics.tick IS 'One row per tick and decision of it; samples stand in .sample, use in .workload_use, decisions in .decision.';
COMMENT ON COLUMN analytics.tick.stream IS 'The stream that holds the row.';
COMMENT ON COLUMN analytics.tick.cluster IS 'The cluster that wrote it.';
COMMENT ON COLUMN analytics.tick.seq IS 'Sequence number in the stream; stream/seq is the id of the row''s decision.';
COMMENT ON COLUMN analytics.tick.tick_number IS 'Counts the ticks of the stream, from 1.';
COMMENT ON COLUMN analytics.tick.ordinal IS 'Counts the rows of one tick, from 0; samples stand in row 0.';
COMMENT ON COLUMN analytics.tick.at IS 'Civil time at the end of the window, by the shipper''s clock. For people: order is by seq.';
COMMENT ON COLUMN analytics.tick.received_at IS 'When the log stored it, by the server clock.';
COMMENT ON COLUMN analytics.tick.received_on IS 'The day of its partition (UTC); a condition on it keeps a query fast.';
COMMENT ON COLUMN analytics.tick.interval_ms IS 'Length of a tick, milliseconds.';
COMMENT ON COLUMN analytics.tick.roster_seq IS 'Where in the stream the names behind the arrays are declared.';
COMMENT ON COLUMN analytics.tick.is_leader IS 'Whether the writer was the cluster''s leader, the one that may patch.';
COMMENT ON COLUMN analytics.tick.lease_transitions IS 'Transitions of the cluster''s Lease, as the writer knew them.';
COMMENT ON COLUMN analytics.tick.grant_term IS 'Term of the grant in force; NULL where none lived.';
COMMENT ON COLUMN analytics.tick.grant_version IS 'Version of that grant within its term.';
COMMENT ON COLUMN analytics.tick.flow_count IS 'How many flow samples the row holds.';
COMMENT ON COLUMN analytics.tick.workload_count IS 'How many workloads the row holds.';
COMMENT ON COLUMN analytics.tick.hash IS 'SHA-256 of the chain at this entry, hexadecimal.';

CREATE VIEW analytics.sample AS
SELECT
    s.name AS stream, s.cluster, t.seq, t.tick_number, fairlead.instant(t.at_us) AS at, t.received_at, t.received_on,
    r.flow_ids[f.place] AS flow, r.flow_vantages[f.place] AS vantage, r.flow_sources[f.place] AS source,
    r.flow_sla_classes[f.place] AS sla_class, fairlead.sample_quality_word(fairlead.packed_value(t.flow_quality, f.place)::int2) AS quality,
    fairlead.packed_value(t.flow_count, f.place)::int4 AS answered_count,
    fairlead.packed_value(t.flow_lost, f.place)::int4 AS lost_count,
    fairlead.packed_value(t.flow_lost, f.place)::float8 / nullif(fairlead.packed_value(t.flow_count, f.place) + fairlead.packed_value(t.flow_lost, f.place), 0) AS loss_ratio,
    fairlead.packed_value(t.flow_window_ms, f.place)::int4 AS window_ms,
    fairlead.packed_value(t.flow_age_ms, f.place)::int4 AS age_ms,
    fairlead.packed_value(t.flow_base_100ns, f.place) / 10000.0::float8 AS base_ms,
    fairlead.packed_value(t.flow_p50_100ns, f.place) / 10000.0::float8 AS delay_p50_ms,
    fairlead.packed_value(t.flow_p95_100ns, f.place) / 10000.0::float8 AS delay_p95_ms,
    fairlead.packed_value(t.flow_p99_100ns, f.place) / 10000.0::float8 AS delay_p99_ms,
    fairlead.packed_value(t.flow_max_100ns, f.place) / 10000.0::float8 AS delay_max_ms,
    fairlead.packed_value(t.flow_pdv_p95_100ns, f.place) / 10000.0::float8 AS window_pdv_p95_ms,
    fairlead.packed_value(t.flow_ipdv_p95_100ns, f.place) / 10000.0::float8 AS ipdv_p95_ms,
    fairlead.packed_value(t.flow_jitter_100ns, f.place) / 10000.0::float8 AS interarrival_jitter_ms,
    fairlead.packed_value(t.flow_rtt_p50_100ns, f.place) / 10000.0::float8 AS rtt_p50_ms
FROM fairlead.tick AS t
JOIN fairlead.stream AS s ON s.stream_id = t.stream_id
LEFT JOIN fairlead.roster AS r ON r.stream_id = t.stream_id AND r.seq = t.roster_seq
-- Each column reads its own value, so that a query pays for the columns that it names.
CROSS JOIN LATERAL generate_series(1, fairlead.packed_count(t.flow_quality)) AS f (place);
COMMENT ON VIEW analytics.sample IS 'One row per flow and tick: what a critical flow experienced in one window. Delays are round trips less the reflector''s time.';
COMMENT ON COLUMN analytics.sample.stream IS 'The stream that holds the tick.';
COMMENT ON COLUMN analytics.sample.cluster IS 'The cluster that measured.';
COMMENT ON COLUMN analytics.sample.seq IS 'Sequence number of the tick in the stream.';
COMMENT ON COLUMN analytics.sample.tick_number IS 'Counts the ticks of the stream, from 1.';
COMMENT ON COLUMN analytics.sample.at IS 'Civil time at the end of the window, by the shipper''s clock.';
COMMENT ON COLUMN analytics.sample.received_at IS 'When the log stored it, by the server clock.';
COMMENT ON COLUMN analytics.sample.received_on IS 'The day of its partition (UTC); a condition on it keeps a query fast.';
COMMENT ON COLUMN analytics.sample.flow IS 'The critical flow''s id in its cluster.';
COMMENT ON COLUMN analytics.sample.vantage IS 'From where it was measured.';
COMMENT ON COLUMN analytics.sample.source IS 'probe, prometheus or trace.';
COMMENT ON COLUMN analytics.sample.sla_class IS 'The SLA class the flow belongs to.';
COMMENT ON COLUMN analytics.sample.quality IS 'measured (40 answers or more), partial, stale, missing, probe-error or synthetic.';
COMMENT ON COLUMN analytics.sample.answered_count IS 'Probes answered in the window.';
COMMENT ON COLUMN analytics.sample.lost_count IS 'Probes sent in the window and not answered in time.';
COMMENT ON COLUMN analytics.sample.loss_ratio IS 'lost / (answered + lost), 0 to 1; NULL where none was sent.';
COMMENT ON COLUMN analytics.sample.window_ms IS 'Length of the window, milliseconds.';
COMMENT ON COLUMN analytics.sample.age_ms IS 'Age of the newest answer when the sample was taken, milliseconds; NULL where there never was one.';
COMMENT ON COLUMN analytics.sample.base_ms IS 'The base delay, the lowest proven for this vantage and target, milliseconds.';
COMMENT ON COLUMN analytics.sample.delay_p50_ms IS 'Median delay above the base, milliseconds.';
COMMENT ON COLUMN analytics.sample.delay_p95_ms IS '95th percentile of the delay above the base, milliseconds: what a law steers by.';
COMMENT ON COLUMN analytics.sample.delay_p99_ms IS '99th percentile of the delay above the base, milliseconds.';
COMMENT ON COLUMN analytics.sample.delay_max_ms IS 'Largest delay above the base, milliseconds.';
COMMENT ON COLUMN analytics.sample.window_pdv_p95_ms IS '95th percentile of the delay above the window''s own minimum (RFC 5481), milliseconds.';
COMMENT ON COLUMN analytics.sample.ipdv_p95_ms IS '95th percentile of |D(i) - D(i-1)| (RFC 3393), milliseconds.';
COMMENT ON COLUMN analytics.sample.interarrival_jitter_ms IS 'Smoothed interarrival jitter at the window''s end (RFC 3550, gain 1/16), milliseconds.';
COMMENT ON COLUMN analytics.sample.rtt_p50_ms IS 'Median round trip, milliseconds.';

CREATE VIEW analytics.workload_use AS
SELECT
    s.name AS stream, s.cluster, t.seq, t.tick_number, fairlead.instant(t.at_us) AS at, t.received_at, t.received_on,
    r.workload_ids[w.place] AS workload, fairlead.packed_value(t.workload_used_bps, w.place) AS used_bps,
    fairlead.use_quality_word(fairlead.packed_value(t.workload_use_quality, w.place)::int2) AS use_quality,
    fairlead.offered_load_word(fairlead.packed_value(t.workload_offered, w.place)::int2) AS offered,
    fairlead.packed_value(t.workload_applied_bps, w.place) AS applied_bps, fairlead.packed_value(t.workload_desired_bps, w.place) AS desired_bps,
    fairlead.packed_value(t.workload_replicas, w.place)::int2 AS replica_count
FROM fairlead.tick AS t
JOIN fairlead.stream AS s ON s.stream_id = t.stream_id
LEFT JOIN fairlead.roster AS r ON r.stream_id = t.stream_id AND r.seq = t.roster_seq
CROSS JOIN LATERAL generate_series(1, fairlead.packed_count(t.workload_use_quality)) AS w (place);
COMMENT ON VIEW analytics.workload_use IS 'One row per managed workload and tick: what it used, and how it stood limited.';
COMMENT ON COLUMN analytics.workload_use.stream IS 'The stream that holds the tick.';
COMMENT ON COLUMN analytics.workload_use.cluster IS 'The cluster.';
COMMENT ON COLUMN analytics.workload_use.seq IS 'Sequence number of the tick in the stream.';
COMMENT ON COLUMN analytics.workload_use.tick_number IS 'Counts the ticks of the stream, from 1.';
COMMENT ON COLUMN analytics.workload_use.at IS 'Civil time at the end of the window, by the shipper''s clock.';
COMMENT ON COLUMN analytics.workload_use.received_at IS 'When the log stored it, by the server clock.';
COMMENT ON COLUMN analytics.workload_use.received_on IS 'The day of its partition (UTC); a condition on it keeps a query fast.';
COMMENT ON COLUMN analytics.workload_use.workload IS 'The workload''s id in its cluster.';
COMMENT ON COLUMN analytics.workload_use.used_bps IS 'Mean rate sent in the window, bit/s; NULL unless use_quality is measured.';
COMMENT ON COLUMN analytics.workload_use.use_quality IS 'measured, no-source, failed or first-reading.';
COMMENT ON COLUMN analytics.workload_use.offered IS 'at-limit (85 % of the limit or more), below-limit or unknown.';
COMMENT ON COLUMN analytics.workload_use.applied_bps IS 'The limit as read back, summed over replicas, bit/s; NULL: none of ours stands (unlimited).';
COMMENT ON COLUMN analytics.workload_use.desired_bps IS 'The limit as this tick decided it, bit/s; NULL: none decided.';
COMMENT ON COLUMN analytics.workload_use.replica_count IS 'Running replicas.';

CREATE VIEW analytics.decision AS
SELECT
    s.name || '/' || t.seq AS decision, s.name AS stream, s.cluster, t.seq, t.tick_number, t.ordinal, fairlead.instant(t.at_us) AS at,
    t.received_at, t.received_on, r.link_ids[t.link + 1] AS link, r.law_names[t.law + 1] AS law, r.law_parameters[t.law + 1] AS law_parameters,
    t.is_shadow, t.is_leader, r.mode, r.flow_ids[t.in_flow + 1] AS steering_flow, fairlead.sample_quality_word(t.in_quality) AS quality,
    t.in_count AS answered_count, fairlead.milliseconds(t.in_raw_100ns) AS raw_ms, t.in_age_ms AS age_ms, t.in_loss_ppm / 1e6::float8 AS loss_ratio,
    fairlead.milliseconds(t.in_target_100ns) AS target_ms, fairlead.milliseconds(t.in_bound_100ns) AS bound_ms, t.in_elapsed_ms AS elapsed_ms,
    t.in_used_bps AS used_bps, t.in_applied_bps AS applied_bps, t.in_floor_bps AS floor_bps, t.in_ceiling_bps AS ceiling_bps,
    t.in_grant_bps AS grant_bps, t.in_evidence AS evidence_flags, fairlead.loop_action_word(t.action) AS action,
    fairlead.decision_reason_word(t.reason) AS reason, fairlead.milliseconds(t.smoothed_100ns) AS smoothed_ms,
    fairlead.milliseconds(t.lower_threshold_100ns) AS lower_threshold_ms, fairlead.milliseconds(t.upper_threshold_100ns) AS upper_threshold_ms,
    t.proposed_bps, t.after_flap_budget_bps, t.after_cooldown_bps, t.after_clamp_bps, t.desired_bps, t.requested_bps, t.suffered_at_bps,
    fairlead.milliseconds(t.counterfactual_100ns) AS counterfactual_ms, fairlead.loop_action_word(t.counterfactual_action) AS counterfactual_action,
    encode(t.state_before, 'hex') AS state_before
FROM fairlead.tick AS t
JOIN fairlead.stream AS s ON s.stream_id = t.stream_id
LEFT JOIN fairlead.roster AS r ON r.stream_id = t.stream_id AND r.seq = t.roster_seq
WHERE t.action IS NOT NULL;
COMMENT ON VIEW analytics.decision IS 'One row per decision of a loop: what the law read, each stage''s output, and why.';
COMMENT ON COLUMN analytics.decision.decision IS 'The decision''s id, stream/seq: what fairlead explain takes.';
COMMENT ON COLUMN analytics.decision.stream IS 'The stream that holds the row.';
COMMENT ON COLUMN analytics.decision.cluster IS 'The cluster that decided.';
COMMENT ON COLUMN analytics.decision.seq IS 'Sequence number in the stream.';
COMMENT ON COLUMN analytics.decision.tick_number IS 'Counts the ticks of the stream, from 1.';
COMMENT ON COLUMN analytics.decision.ordinal IS 'Counts the rows of one tick, from 0.';
COMMENT ON COLUMN analytics.decision.at IS 'Civil time at the end of the window, by the shipper''s clock.';
COMMENT ON COLUMN analytics.decision.received_at IS 'When the log stored it, by the server clock.';
COMMENT ON COLUMN analytics.decision.received_on IS 'The day of its partition (UTC); a condition on it keeps a query fast.';
COMMENT ON COLUMN analytics.decision.link IS 'The link that the loop protects.';
COMMENT ON COLUMN analytics.decision.law IS 'Name and version of the law.';
COMMENT ON COLUMN analytics.decision.law_parameters IS 'All its parameters, key=value, sorted.';
COMMENT ON COLUMN analytics.decision.is_shadow IS 'True: decided on the same sample, acted on nothing.';
COMMENT ON COLUMN analytics.decision.is_leader IS 'Whether the writer was the cluster''s leader, the one that may patch.';
COMMENT ON COLUMN analytics.decision.mode IS 'observe, recommend or enforce.';
COMMENT ON COLUMN analytics.decision.steering_flow IS 'The flow whose delay was the largest multiple of its target.';
COMMENT ON COLUMN analytics.decision.quality IS 'Quality of its sample.';
COMMENT ON COLUMN analytics.decision.answered_count IS 'Probes answered in its window.';
COMMENT ON COLUMN analytics.decision.raw_ms IS 'The steering value before smoothing, milliseconds.';
COMMENT ON COLUMN analytics.decision.age_ms IS 'Age of its newest answer, milliseconds.';
COMMENT ON COLUMN analytics.decision.loss_ratio IS 'Share of its probes lost, 0 to 1.';
COMMENT ON COLUMN analytics.decision.target_ms IS 'Target of the flow''s SLA class, milliseconds.';
COMMENT ON COLUMN analytics.decision.bound_ms IS 'Bound of the flow''s SLA class, milliseconds.';
COMMENT ON COLUMN analytics.decision.elapsed_ms IS 'Monotonic time since the loop decided last, milliseconds; 0 for its first.';
COMMENT ON COLUMN analytics.decision.used_bps IS 'Sum of the workloads'' use, bit/s; NULL unless all are measured.';
COMMENT ON COLUMN analytics.decision.applied_bps IS 'Sum of the limits read back, bit/s; NULL where at least one workload is unlimited.';
COMMENT ON COLUMN analytics.decision.floor_bps IS 'Sum of the workloads'' floors, bit/s.';
COMMENT ON COLUMN analytics.decision.ceiling_bps IS 'Sum of the workloads'' ceilings, bit/s.';
COMMENT ON COLUMN analytics.decision.grant_bps IS 'Sum of the living grant, bit/s; NULL where none lived.';
COMMENT ON COLUMN analytics.decision.evidence_flags IS 'Bits: 1 fresh since decrease, 2 fresh since change, 4 confirmed, 8 base proven, 16 paused, 32 standalone, 64 not enforced, 128 may act, 256 resumed.';
COMMENT ON COLUMN analytics.decision.action IS 'hold, decrease or increase.';
COMMENT ON COLUMN analytics.decision.reason IS 'Why, from the closed list.';
COMMENT ON COLUMN analytics.decision.smoothed_ms IS 'The smoothed steering value, milliseconds.';
COMMENT ON COLUMN analytics.decision.lower_threshold_ms IS 'Below it a raise is thought of, milliseconds.';
COMMENT ON COLUMN analytics.decision.upper_threshold_ms IS 'Above it a decrease is, milliseconds.';
COMMENT ON COLUMN analytics.decision.proposed_bps IS 'What the bare law proposed for the loop''s total, bit/s.';
COMMENT ON COLUMN analytics.decision.after_flap_budget_bps IS 'The rate after the flap budget, bit/s.';
COMMENT ON COLUMN analytics.decision.after_cooldown_bps IS 'The rate after the cooldown, bit/s.';
COMMENT ON COLUMN analytics.decision.after_clamp_bps IS 'The rate after floor, ceiling and guardrails, bit/s.';
COMMENT ON COLUMN analytics.decision.desired_bps IS 'What the loop may do by itself now, bit/s; NULL: leave all as it is.';
COMMENT ON COLUMN analytics.decision.requested_bps IS 'What it would raise to, were it granted, bit/s.';
COMMENT ON COLUMN analytics.decision.suffered_at_bps IS 'The used rate at which the flow suffered in this window, bit/s; NULL where it did not.';
COMMENT ON COLUMN analytics.decision.counterfactual_ms IS 'At which steering value the action would have been the other one, milliseconds.';
COMMENT ON COLUMN analytics.decision.counterfactual_action IS 'That other action.';
COMMENT ON COLUMN analytics.decision.state_before IS 'The law''s state before the step, canonical bytes, hexadecimal.';

CREATE VIEW analytics.event AS
SELECT
    s.name AS stream, s.cluster, e.seq, e.kind, e.version, fairlead.instant(e.at_us) AS at, e.received_at, e.received_on,
    CASE WHEN e.is_json THEN e.body::jsonb END AS body, encode(e.hash, 'hex') AS hash
FROM fairlead.event AS e JOIN fairlead.stream AS s ON s.stream_id = e.stream_id;
COMMENT ON VIEW analytics.event IS 'One row per fact beside the ticks.';
COMMENT ON COLUMN analytics.event.stream IS 'The stream that holds it.';
COMMENT ON COLUMN analytics.event.cluster IS 'The cluster that wrote it; NULL for a central part.';
COMMENT ON COLUMN analytics.event.seq IS 'Sequence number in the stream.';
COMMENT ON COLUMN analytics.event.kind IS 'What happened, past tense.';
COMMENT ON COLUMN analytics.event.version IS 'Version of the body''s form.';
COMMENT ON COLUMN analytics.event.at IS 'Civil time by the writer''s clock.';
COMMENT ON COLUMN analytics.event.received_at IS 'When the log stored it, by the server clock.';
COMMENT ON COLUMN analytics.event.received_on IS 'The day of its partition (UTC); a condition on it keeps a query fast.';
COMMENT ON COLUMN analytics.event.body IS 'The body; rates end in _bps, delays in _100ns, spans in _ms. NULL where the text does not read as jsonb.';
COMMENT ON COLUMN analytics.event.hash IS 'SHA-256 of the chain at this entry, hexadecimal.';

CREATE VIEW analytics.patch AS
SELECT
    s.name AS stream, e.seq, fairlead.instant(e.at_us) AS at, e.received_at, e.received_on, b.json ->> 'cluster' AS cluster,
    b.json ->> 'workload' AS workload, fairlead.json_int8(b.json, 'desired_bps') AS desired_bps, fairlead.json_int8(b.json, 'before_bps') AS before_bps,
    b.json ->> 'result' AS result, b.json ->> 'decision' AS decision, fairlead.json_int8(b.json, 'term') AS term,
    fairlead.json_int8(b.json, 'object_count') AS object_count, b.json ->> 'detail' AS detail
FROM fairlead.event AS e
JOIN fairlead.stream AS s ON s.stream_id = e.stream_id
CROSS JOIN LATERAL (SELECT CASE WHEN e.is_json THEN e.body::jsonb END AS json) AS b
WHERE e.kind = 'patch_settled';
COMMENT ON VIEW analytics.patch IS 'One row per attempt to change a workload''s limit, and what came of it.';
COMMENT ON COLUMN analytics.patch.stream IS 'The stream that holds it.';
COMMENT ON COLUMN analytics.patch.seq IS 'Sequence number in the stream.';
COMMENT ON COLUMN analytics.patch.at IS 'Civil time by the writer''s clock.';
COMMENT ON COLUMN analytics.patch.received_at IS 'When the log stored it, by the server clock.';
COMMENT ON COLUMN analytics.patch.received_on IS 'The day of its partition (UTC).';
COMMENT ON COLUMN analytics.patch.cluster IS 'The cluster whose workload it is.';
COMMENT ON COLUMN analytics.patch.workload IS 'The workload.';
COMMENT ON COLUMN analytics.patch.desired_bps IS 'The total desired over all replicas, bit/s.';
COMMENT ON COLUMN analytics.patch.before_bps IS 'The limit that stood before, bit/s; NULL where none did.';
COMMENT ON COLUMN analytics.patch.result IS 'applied, refused, unknown, lost-race, contested or gone.';
COMMENT ON COLUMN analytics.patch.decision IS 'The decision that it carried out, stream/seq.';
COMMENT ON COLUMN analytics.patch.term IS 'The coordinator''s term that the writer knew.';
COMMENT ON COLUMN analytics.patch.object_count IS 'Objects (Pods, tc classes) changed.';
COMMENT ON COLUMN analytics.patch.detail IS 'One sentence, where there is more to say.';

-- `grant` is a word of SQL, so the view of grants is called by what it holds.
CREATE VIEW analytics.grant_issued AS
SELECT
    e.seq, fairlead.instant(e.at_us) AS at, e.received_at, e.received_on, b.json ->> 'cluster' AS cluster, fairlead.json_int8(b.json, 'term') AS term,
    fairlead.json_int8(b.json, 'version') AS version, fairlead.json_int8(b.json, 'ttl_ms') AS ttl_ms, rate.json ->> 'workload' AS workload,
    fairlead.json_int8(rate.json, 'rate_bps') AS rate_bps, b.json ->> 'folded_through' AS folded_through,
    coalesce(g.seq = e.seq, false) AS is_newest
FROM fairlead.event AS e
JOIN fairlead.stream AS s ON s.stream_id = e.stream_id AND s.name = 'coordinator'
CROSS JOIN LATERAL (SELECT CASE WHEN e.is_json THEN e.body::jsonb END AS json) AS b
LEFT JOIN fairlead.grant_head AS g ON g.cluster = b.json ->> 'cluster'
CROSS JOIN LATERAL jsonb_array_elements(CASE WHEN jsonb_typeof(b.json -> 'rates') = 'array' THEN b.json -> 'rates' END) AS rate (json)
WHERE e.kind = 'grant_issued';
COMMENT ON VIEW analytics.grant_issued IS 'One row per workload of each grant: the ceiling that the coordinator let it use.';
COMMENT ON COLUMN analytics.grant_issued.seq IS 'Sequence number in the coordinator''s stream.';
COMMENT ON COLUMN analytics.grant_issued.at IS 'Civil time by the coordinator''s clock.';
COMMENT ON COLUMN analytics.grant_issued.received_at IS 'When the log stored it, by the server clock.';
COMMENT ON COLUMN analytics.grant_issued.received_on IS 'The day of its partition (UTC).';
COMMENT ON COLUMN analytics.grant_issued.cluster IS 'For which cluster.';
COMMENT ON COLUMN analytics.grant_issued.term IS 'The coordinator''s term.';
COMMENT ON COLUMN analytics.grant_issued.version IS 'Version within the term; an older one is ignored.';
COMMENT ON COLUMN analytics.grant_issued.ttl_ms IS 'How long it lives at the receiver, milliseconds.';
COMMENT ON COLUMN analytics.grant_issued.workload IS 'The workload.';
COMMENT ON COLUMN analytics.grant_issued.rate_bps IS 'Its ceiling, bit/s.';
COMMENT ON COLUMN analytics.grant_issued.folded_through IS 'The newest tick of the cluster that was accounted for, stream/seq.';
COMMENT ON COLUMN analytics.grant_issued.is_newest IS 'Whether this is the cluster''s newest grant.';

CREATE VIEW analytics.alert AS
SELECT a.fingerprint, a.rule, a.cluster, a.severity, a.labels, a.state, a.summary, fairlead.instant(a.at_us) AS state_since, a.seq, a.received_at
FROM fairlead.alert AS a;
COMMENT ON VIEW analytics.alert IS 'One row per alert that is or was not quiet: its newest state.';
COMMENT ON COLUMN analytics.alert.fingerprint IS 'Names the alert: a digest of its labels.';
COMMENT ON COLUMN analytics.alert.rule IS 'The rule that raised it.';
COMMENT ON COLUMN analytics.alert.cluster IS 'The cluster it is about; NULL for the centre.';
COMMENT ON COLUMN analytics.alert.severity IS 'As the rule states it.';
COMMENT ON COLUMN analytics.alert.labels IS 'All its labels.';
COMMENT ON COLUMN analytics.alert.state IS 'pending, firing or resolved.';
COMMENT ON COLUMN analytics.alert.summary IS 'One sentence.';
COMMENT ON COLUMN analytics.alert.state_since IS 'When it came into this state, by the alerter''s clock.';
COMMENT ON COLUMN analytics.alert.seq IS 'Sequence number of that change in the alerter''s stream.';
COMMENT ON COLUMN analytics.alert.received_at IS 'When the log stored it, by the server clock.';

CREATE VIEW analytics.notification AS
SELECT o.id AS notification, o.receiver, o.cluster, o.told, o.state, o.attempts AS attempt_count, o.created_at, o.next_attempt_at, o.settled_at, o.last_error
FROM fairlead.outbox AS o;
COMMENT ON VIEW analytics.notification IS 'One row per message to one receiver: delivered, due, or given up.';
COMMENT ON COLUMN analytics.notification.notification IS 'Its idempotency key.';
COMMENT ON COLUMN analytics.notification.receiver IS 'To whom.';
COMMENT ON COLUMN analytics.notification.cluster IS 'About which cluster; empty for the centre.';
COMMENT ON COLUMN analytics.notification.told IS 'Which alerts it tells of, and whether as firing.';
COMMENT ON COLUMN analytics.notification.state IS 'due, delivered or dead (given up).';
COMMENT ON COLUMN analytics.notification.attempt_count IS 'How often it was tried.';
COMMENT ON COLUMN analytics.notification.created_at IS 'When it was written, by the server clock.';
COMMENT ON COLUMN analytics.notification.next_attempt_at IS 'When it is tried next, by the server clock.';
COMMENT ON COLUMN analytics.notification.settled_at IS 'When it was delivered or given up.';
COMMENT ON COLUMN analytics.notification.last_error IS 'What the last attempt met.';

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA fairlead FROM PUBLIC;
GRANT SELECT ON ALL TABLES IN SCHEMA analytics TO fairlead_analyst, fairlead_coordinator, fairlead_alerter;
-- A view reads tables with its owner's rights but calls functions with the reader's.
GRANT USAGE ON SCHEMA fairlead TO fairlead_analyst;
GRANT EXECUTE ON FUNCTION fairlead.packed_count(bytea), fairlead.packed_base(bytea), fairlead.packed_value(bytea, int4), fairlead.unpacked(bytea),
    fairlead.instant(int8), fairlead.json_int8(jsonb, text), fairlead.milliseconds(int4), fairlead.sample_quality_word(int2),
    fairlead.use_quality_word(int2), fairlead.offered_load_word(int2), fairlead.loop_action_word(int2), fairlead.decision_reason_word(int2)
    TO fairlead_analyst, fairlead_coordinator, fairlead_alerter;

RESET ROLE;
