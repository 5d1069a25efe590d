import Coordination
import Events
import Fleet
import Quantities

/// Who holds a lease, by what the row was answered to be.
struct LeaseTrust: Sendable {
    private struct Lease: Sendable {
        var askedAt: MonotonicTime?
        /// When the row that was answered expires, at the earliest.
        var until: MonotonicTime?
    }
    private let duration: Nanoseconds
    private var leases: [Lease]

    init(duration: Nanoseconds, count: Int) {
        self.duration = duration
        leases = Array(repeating: Lease(), count: count)
    }

    mutating func asked(_ index: Int, _ now: MonotonicTime) { leases[index].askedAt = now }
    mutating func answered(_ answer: LeaseAnswer, to index: Int) {
        if case .held = answer { leases[index].until = leases[index].askedAt.map { $0 + duration } } else { leases[index].until = nil }
    }
    mutating func died(_ index: Int) { leases[index] = Lease() }
    func holds(_ index: Int, _ now: MonotonicTime) -> Bool { leases[index].until.map { now < $0 } ?? false }
}

/// I4 outside the log: nobody acts after his lease ended, and nobody goes back to an older grant.
struct TrustInvariants: Sendable {
    private var leases: LeaseTrust
    /// By cluster, the newest grant under which its living process ticked.
    private var versions: [GrantVersion?]

    init(_ fleet: FleetConfiguration, coordinators: Int) {
        leases = LeaseTrust(duration: fleet.lease.duration, count: coordinators)
        versions = Array(repeating: nil, count: fleet.clusters.count)
    }

    mutating func asked(_ coordinator: Int, _ now: MonotonicTime) { leases.asked(coordinator, now) }
    mutating func answered(_ answer: LeaseAnswer, to coordinator: Int) { leases.answered(answer, to: coordinator) }
    mutating func died(coordinator: Int) { leases.died(coordinator) }

    func deed(of coordinator: Int, _ now: MonotonicTime) -> (Invariant, String)? {
        leases.holds(coordinator, now) ? nil : (.fenced, "coordinator \(coordinator) acts without a lease that lives")
    }

    mutating func acted(under version: GrantVersion?, cluster: Int) -> (Invariant, String)? {
        guard let version else { return nil }
        if let newest = versions[cluster], version < newest { return (.fenced, "cluster \(cluster) goes back from grant \(newest) to \(version)") }
        versions[cluster] = version
        return nil
    }
    mutating func died(cluster: Int) { versions[cluster] = nil }
}
