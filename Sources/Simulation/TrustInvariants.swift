import Coordination
import Events
import Fleet
import Quantities

/// I4 outside the log: nobody acts after his lease ended, and nobody goes back to an older grant.
struct TrustInvariants: Sendable {
    private struct Lease: Sendable {
        var askedAt: MonotonicTime?
        /// When the row that was answered expires, at the earliest.
        var until: MonotonicTime?
    }
    private let duration: Nanoseconds
    private var leases: [Lease]
    /// By cluster, the newest grant under which its living process ticked.
    private var versions: [GrantVersion?]

    init(_ fleet: FleetConfiguration, coordinators: Int) {
        duration = fleet.lease.duration
        leases = Array(repeating: Lease(), count: coordinators)
        versions = Array(repeating: nil, count: fleet.clusters.count)
    }

    mutating func asked(_ coordinator: Int, _ now: MonotonicTime) { leases[coordinator].askedAt = now }
    mutating func answered(_ answer: LeaseAnswer, to coordinator: Int) {
        if case .held = answer { leases[coordinator].until = leases[coordinator].askedAt.map { $0 + duration } } else { leases[coordinator].until = nil }
    }
    mutating func died(coordinator: Int) { leases[coordinator] = Lease() }

    func deed(of coordinator: Int, _ now: MonotonicTime) -> (Invariant, String)? {
        if let until = leases[coordinator].until, now < until { return nil }
        return (.fenced, "coordinator \(coordinator) acts without a lease that lives")
    }

    mutating func acted(under version: GrantVersion?, cluster: Int) -> (Invariant, String)? {
        guard let version else { return nil }
        if let newest = versions[cluster], version < newest { return (.fenced, "cluster \(cluster) goes back from grant \(newest) to \(version)") }
        versions[cluster] = version
        return nil
    }
    mutating func died(cluster: Int) { versions[cluster] = nil }
}
