-- Binary COPY of tick rows into the unindexed table of `fairlead bench append`: stream_id int8, seq int8, received_at timestamptz,
-- received_on date, hash bytea, then the columns of fairlead.tick_body in their order. Parameters: none. Rows: none.
COPY public.unindexed_tick (
    stream_id, seq, received_at, received_on, hash, tick_number, ordinal, at_us, interval_ms, roster_seq, lease_transitions, is_leader,
    grant_term, grant_version, flow_quality, flow_count, flow_lost, flow_window_ms, flow_age_ms, flow_base_100ns, flow_p50_100ns,
    flow_p95_100ns, flow_p99_100ns, flow_max_100ns, flow_pdv_p95_100ns, flow_ipdv_p95_100ns, flow_jitter_100ns, flow_rtt_p50_100ns,
    workload_used_bps, workload_use_quality, workload_offered, workload_applied_bps, workload_desired_bps, workload_replicas, link, law,
    is_shadow, state_before, in_flow, in_quality, in_count, in_raw_100ns, in_age_ms, in_loss_ppm, in_target_100ns, in_bound_100ns,
    in_elapsed_ms, in_used_bps, in_applied_bps, in_floor_bps, in_ceiling_bps, in_grant_bps, in_evidence, action, reason, smoothed_100ns,
    lower_threshold_100ns, upper_threshold_100ns, proposed_bps, after_flap_budget_bps, after_cooldown_bps, after_clamp_bps, desired_bps,
    requested_bps, suffered_at_bps, counterfactual_100ns, counterfactual_action
) FROM STDIN (FORMAT binary);
