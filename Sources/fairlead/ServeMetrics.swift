import Adapters
import Alerter
import Clocks
import Coordination
import Coordinator
import EventStore
import Events
import Exposition
import Quantities

/// What `serve` shows to a scrape. A component that does not run here is not shown.
enum ServeMetrics {
    static func families(_ coordinator: CoordinatorProcess?, _ alerter: AlerterProcess?, _ refusals: [RefusalCount]) -> [MetricFamily] {
        let now = SystemClocks.monotonic()
        let build = MetricFamily(
            "fairlead_build_info", help: "Constant 1, with the version.", kind: .gauge,
            samples: [.init(labels: ["version": FairleadVersion.text, "component": "serve"], value: .number(1))])
        let refused = counter(
            "fairlead_log_appends_refused_total", "Appends that the log refused, by stream (or the role that asked) and reason; all replicas show the same.",
            refusals.map { (["stream": $0.who, "why": $0.word], $0.times) })
        return [build, refused] + (coordinator.map { families(of: $0, now) } ?? []) + (alerter.map { families(of: $0, now) } ?? [])
    }

    private static func families(of coordinator: CoordinatorProcess, _ now: MonotonicTime) -> [MetricFamily] {
        let leading = gauge(
            "fairlead_coordinator_leading", "1 where this replica leads now.", coordinator.actingTerm(at: now) == nil ? 0 : 1)
        let passedOver = counter(
            "fairlead_coordinator_entries_passed_over_total",
            "Entries that change nothing: of a stream that may not tell them, unreadable or gone, or with a term that cannot be true.",
            [
                (["why": "misplaced"], coordinator.state.misplaced), (["why": "unreadable"], coordinator.state.unreadable),
                (["why": "absurd-term"], coordinator.state.absurdTerms),
            ])
        guard let plan = coordinator.plan else { return [leading, passedOver] }
        return [
            leading, passedOver, gauge("fairlead_allocation_feasible", "1 where every floor fits.", plan.isFeasible ? 1 : 0),
            .rates(
                "fairlead_link_effective_bytes_per_second", help: "What a link is believed to carry.",
                plan.links.map { (labels: ["link": $0.link.text], rate: $0.effective) }),
        ]
    }

    private static func families(of alerter: AlerterProcess, _ now: MonotonicTime) -> [MetricFamily] {
        let counts = alerter.counts
        var families = [
            gauge("fairlead_alerter_leading", "1 where this replica leads now.", alerter.actingTerm(at: now) == nil ? 0 : 1),
            counter("fairlead_alerter_evaluations_total", "How often all rules were looked at.", [([:], counts.evaluations)]),
            counter(
                "fairlead_alerts_changed_total", "Alerts that began to fire, and that ended.",
                [(["state": "firing"], counts.fired), (["state": "resolved"], counts.resolved)]),
            counter(
                "fairlead_notification_attempts_total", "Attempts to deliver, by what came of them.",
                [(["result": "delivered"], counts.delivered), (["result": "retry"], counts.retried), (["result": "dead"], counts.dead)]),
            counter(
                "fairlead_alerter_heartbeats_total", "Signs of life sent, by what came of them.",
                [(["result": "delivered"], counts.heartbeats), (["result": "failed"], counts.heartbeatsFailed)]),
            counter(
                "fairlead_alerter_entries_passed_over_total", "Entries that no rule sees: misplaced, unreadable or gone.", [([:], alerter.passedOver)]),
            counter("fairlead_outbox_pruned_total", "Old notifications forgotten.", [([:], counts.pruned)]),
        ]
        if let last = alerter.lastReadAt {
            families.append(
                gauge("fairlead_alerter_log_age_seconds", "Since the log was last read to its end.", max(0, (now - last).seconds)))
        }
        // Only a leader knows; a standby's nought would read as calm.
        if alerter.actingTerm(at: now) != nil {
            let states = [AlertChange.State.pending, .firing].map { state in
                (["state": state.rawValue], Int64(alerter.active.count { $0.state == state }))
            }
            var active = counter("fairlead_alerts_active", "Alerts by state, as the leader knows them.", states)
            active.kind = .gauge
            families.append(active)
        }
        return families
    }

    private static func gauge(_ name: String, _ help: String, _ value: Double) -> MetricFamily {
        MetricFamily(name, help: help, kind: .gauge, samples: [.init(labels: [:], value: .number(value))])
    }
    private static func counter(_ name: String, _ help: String, _ values: [([String: String], Int64)]) -> MetricFamily {
        MetricFamily(
            name, help: help, kind: .counter, samples: values.map { .init(labels: $0.0, value: .number(Double($0.1))) })
    }
}
