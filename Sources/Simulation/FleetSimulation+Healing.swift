import Alerter
import Alerting
import Coordinator
import Events
import Fleet
public import Quantities

/// I9: when nothing goes wrong any more, the fleet comes to rest.
extension FleetSimulation {
    /// Lets the fleet run without faults until each cluster has been at rest once: nothing waits in its spool, and on every Pod stands what
    /// is wanted. A breach of I9 where that takes longer than `bound`, or where the log misses what a disk had.
    public mutating func heal(within bound: Nanoseconds) {
        guard !checker.isBroken else { return }
        var restless = Set(sites.indices)
        var alarmed = alerters.isEmpty ? [] : restless
        let end = now.monotonic + bound
        while !restless.isEmpty || !alarmed.isEmpty || leader == nil, now.monotonic < end, !checker.isBroken {
            run(for: settings.fleet.tick)
            for index in restless where unrest(of: index) == nil { restless.remove(index) }
            for index in alarmed where alarm(of: index) == nil { alarmed.remove(index) }
        }
        guard !checker.isBroken else { return }
        if let index = restless.min() {
            return checker.note((.heals, "\(sites[index].cluster.id) is not at rest after \(bound.readable): \(unrest(of: index) ?? "")"))
        }
        if let index = alarmed.min() {
            return checker.note((.alerted, "\(sites[index].cluster.id) after \(bound.readable): \(alarm(of: index) ?? "")"))
        }
        if leader == nil { return checker.note((.heals, "no coordinator leads after \(bound.readable)")) }
        untell()
    }

    /// I8, at an instant at which nothing is on its way: what the disks had stands on the log, or is declared lost.
    private mutating func untell() {
        var patience = 40
        while let problem = checker.log.untold(log), !checker.isBroken {
            guard patience > 0 else { return checker.note((.told, problem)) }
            patience -= 1
            run(for: .milliseconds(317))
        }
    }

    private var leader: Int? { centres.firstIndex { $0.process?.actingTerm(at: now.monotonic) != nil } }

    /// What people are still told of a cluster that is whole again, or what waits to be told; nil where nothing does. Alerts that the weather
    /// of its links may raise are not asked for.
    private func alarm(of index: Int) -> String? {
        guard alerters.contains(where: { $0.process?.actingTerm(at: now.monotonic) != nil }) else { return "no alerter leads" }
        let id = sites[index].cluster.id.text
        var ended = [AlertRule.shipperSilent.rawValue, AlertRule.patchesStopped.rawValue]
        if !sites[index].flows.contains(where: { world.isSilent(flow: $0) }) { ended.append(AlertRule.measurementMissing.rawValue) }
        let active = checker.alerts.active.values.filter { $0.labels["cluster"] == id && ended.contains($0.rule) }
        if let alert = active.min(by: { $0.fingerprint < $1.fingerprint }) { return "\(alert.rule) is \(alert.state.rawValue): \(alert.summary)" }
        let waiting = central.outbox.waiting(for: id)
        return waiting == 0 ? nil : "\(waiting) messages wait in the outbox"
    }

    /// What keeps a cluster from being at rest; nil where nothing does.
    private func unrest(of index: Int) -> String? {
        let site = sites[index]
        guard site.process != nil else { return "its shipper does not run" }
        let head = log.head(of: site.spool.stream)?.sequence ?? 0
        guard head == site.spool.head.sequence else { return "the log is at \(head) of \(site.spool.head.sequence) of \(site.spool.stream)" }
        guard site.cluster.mode == .enforce else { return nil }
        guard let uses = checker.uses[index] else { return "it has not ticked" }
        for (workload, use) in zip(site.cluster.workloads.indices, uses) {
            let name = site.cluster.workloads[workload].id
            guard let standing = site.pods.limit(of: workload) else { return "\(name) runs without a limit" }
            guard let desired = use.desired else { return "nothing is wanted of \(name)" }
            guard standing.carriesOut(desired, over: site.pods.workloads[workload].count) else {
                return "\(standing.readable) stand on \(name) instead of \(desired.readable)"
            }
        }
        return nil
    }
}
