import Coordinator
import Events
import Fleet
public import Quantities

/// I9: when nothing goes wrong any more, the fleet comes to rest.
extension FleetSimulation {
    /// Lets the fleet run without faults until each cluster has been at rest once: nothing waits in its spool, and on every Pod stands what
    /// is wanted. A breach of I9 where that takes longer than `bound`, or where the log misses what a disk had.
    public mutating func heal(within bound: Nanoseconds) {
        guard checker.breach == nil else { return }
        var restless = Set(sites.indices)
        let end = now.monotonic + bound
        while !restless.isEmpty || leader == nil, now.monotonic < end, checker.breach == nil {
            run(for: settings.fleet.tick)
            for index in restless where unrest(of: index) == nil { restless.remove(index) }
        }
        guard checker.breach == nil else { return }
        if let index = restless.min() {
            return checker.note((.heals, "\(sites[index].cluster.id) is not at rest after \(bound.readable): \(unrest(of: index) ?? "")"))
        }
        if leader == nil { return checker.note((.heals, "no coordinator leads after \(bound.readable)")) }
        untell()
    }

    /// I8, at an instant at which nothing is on its way: what the disks had stands on the log, or is declared lost.
    private mutating func untell() {
        var patience = 40
        while let problem = checker.log.untold(log), checker.breach == nil {
            guard patience > 0 else { return checker.note((.told, problem)) }
            patience -= 1
            run(for: .milliseconds(317))
        }
    }

    private var leader: Int? { centres.firstIndex { $0.process?.actingTerm(at: now.monotonic) != nil } }

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
            let short = desired.bitsPerSecond - standing.bitsPerSecond
            guard short >= 0, short < 8 * Int64(max(1, site.pods.workloads[workload].count)) else {
                return "\(standing.readable) stand on \(name) instead of \(desired.readable)"
            }
        }
        return nil
    }
}
