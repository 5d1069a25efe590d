import Events
import Exposition
public import Quantities
public import Shipper
import Synchronization

/// What a shipper shows of itself: health and metrics, from the newest status.
public final class ShipperBoard: Sendable {
    private let cluster: ClusterID
    private let workloads: [WorkloadID]
    private let version: String
    private let probes: ProbeBoard
    private let newest = Mutex<(status: ShipperStatus, at: MonotonicTime)?>(nil)

    public init(cluster: ClusterID, workloads: [WorkloadID], version: String, probes: ProbeBoard) {
        self.cluster = cluster
        self.workloads = workloads
        self.version = version
        self.probes = probes
    }

    public func show(_ status: ShipperStatus, at now: MonotonicTime) {
        newest.withLock { held in
            // The age that health looks at is that of the newest tick, not of the newest step.
            let isNewTick = held?.status.ticks != status.ticks
            held = (status, isNewTick ? now : held?.at ?? now)
        }
    }

    /// Alive means that the loop ticks, and nothing else: a log that is away restarts no shipper.
    public func isTicking(at now: MonotonicTime, within span: Nanoseconds) -> Bool {
        newest.withLock { $0.map { now - $0.at <= span } ?? false }
    }
    public var hasTicked: Bool { newest.withLock { $0.map { $0.status.ticks > 0 } ?? false } }

    /// Whether the spool took one of the last few batches.
    public var isSpooling: Bool { newest.withLock { $0.map { $0.status.spoolFailures < 3 } ?? false } }

    public var text: String {
        let own = ["cluster": cluster.text]
        var families = probes.families
        families.append(
            MetricFamily(
                "fairlead_build_info", help: "Constant 1, with the version.", kind: .gauge,
                samples: [.init(labels: ["version": version, "component": "shipper"], value: .number(1))]))
        guard let (status, _) = newest.withLock({ $0 }) else { return PrometheusText(families).text }
        families.append(
            MetricFamily(
                "fairlead_ticks_total", help: "Ticks since the start.", kind: .counter,
                samples: [.init(labels: own, value: .number(Double(status.ticks)))]))
        families.append(counts("fairlead_samples_total", "Samples by quality.", "quality", status.samples.map { ($0.key.word, $0.value) }))
        families.append(counts("fairlead_decisions_total", "Decisions by action.", "action", status.decisions.map { ($0.key.word, $0.value) }))
        families.append(counts("fairlead_decision_reasons_total", "Decisions by reason.", "reason", status.reasons.map { ($0.key.word, $0.value) }))
        families.append(counts("fairlead_patches_total", "Patches by result.", "result", status.patches.map { ($0.key.rawValue, $0.value) }))
        families.append(
            MetricFamily(
                "fairlead_spool_rows_not_made_total", help: "Rows not made because the spool took nothing for long.", kind: .counter,
                samples: [.init(labels: own, value: .number(Double(status.rowsNotMade)))]))
        for (name, help, value) in [
            ("fairlead_spool_facts_not_told_total", "Facts not told because the spool took nothing for long.", status.factsNotTold),
            ("fairlead_spool_delays_total", "Times that brakes left because the spool did not answer in time.", status.spoolDelays),
            ("fairlead_spool_entries_dropped_total", "Unsent entries that a full spool dropped.", status.entriesDropped),
            ("fairlead_log_entries_lost_total", "Entries declared lost on the log.", status.entriesLost),
            ("fairlead_log_fenced_total", "Claims of the stream that another writer's ended.", status.timesFenced),
            ("fairlead_log_duplicates_total", "Batches that the log held already when they were sent again.", status.duplicates),
            ("fairlead_log_moved_back_total", "Times that the log held less than it had acknowledged: a restore, or a failover.", status.timesMovedBack),
            ("fairlead_log_conflicts_total", "Times that the log held another history under our name: an alarm.", status.conflicts),
        ] {
            families.append(MetricFamily(name, help: help, kind: .counter, samples: [.init(labels: own, value: .number(Double(value)))]))
        }
        families.append(
            MetricFamily(
                "fairlead_log_backlog_entries", help: "Entries spooled and not yet acknowledged by the log.", kind: .gauge,
                samples: [.init(labels: own, value: .number(Double(status.backlog)))]))
        families.append(
            MetricFamily(
                "fairlead_log_writing", help: "1 where the log takes what is spooled; else 0, with what it is instead.", kind: .gauge,
                samples: [.init(labels: own.merging(["standing": status.logStanding.rawValue]) { $1 }, value: .number(status.logStanding == .writing ? 1 : 0))]))
        families += arrivals(status)
        families.append(limits(status))
        return PrometheusText(families).text
    }

    private func counts(_ name: String, _ help: String, _ label: String, _ values: [(String, Int64)]) -> MetricFamily {
        MetricFamily(
            name, help: help, kind: .counter,
            samples: values.sorted { $0.0 < $1.0 }.map {
                .init(labels: ["cluster": cluster.text, label: $0.0], value: .number(Double($0.1)))
            })
    }

    private func arrivals(_ status: ShipperStatus) -> [MetricFamily] {
        let found = workloads.map { ($0, status.arrivals[$0] ?? ShipperStatus.Arrivals()) }
        func samples(_ value: (ShipperStatus.Arrivals) -> Double) -> [MetricFamily.Sample] {
            found.map { .init(labels: ["cluster": cluster.text, "workload": $0.0.text], value: .number(value($0.1))) }
        }
        return [
            MetricFamily(
                "fairlead_workload_unenforced_seconds_total",
                help: "Time that new objects ran without a limit of ours, from when they were seen to when one was acknowledged.", kind: .counter,
                samples: samples { $0.unenforced.seconds }),
            MetricFamily(
                "fairlead_workload_arrivals_total", help: "Patches that found new objects.", kind: .counter, samples: samples { Double($0.count) }),
        ]
    }

    private func limits(_ status: ShipperStatus) -> MetricFamily {
        let desired = status.newest.first?.workloads.map(\.desired) ?? []
        let rates = zip(workloads, zip(status.applied, desired)).flatMap { workload, rates in
            [("applied", rates.0), ("desired", rates.1)].compactMap { state, rate in
                rate.map { (["cluster": cluster.text, "workload": workload.text, "state": state], $0) }
            }
        }
        return .rates(
            "fairlead_workload_egress_limit_bytes_per_second", help: "Limit of a managed workload over all replicas; none where it has none.",
            rates.map { (labels: $0.0, rate: $0.1) })
    }
}
