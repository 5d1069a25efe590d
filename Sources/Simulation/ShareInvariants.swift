import Events
import Fleet
import Quantities

/// I14: whenever a limit rises, all limits that we wrote on the Pods of its links together are no more than what was granted of them.
///
/// What was granted is the most that an allocation gave a link while a grant of it may still live. Who stands unlimited, or under a
/// limit of somebody else, is not of our booking, and a link counts from the first allocation in which all its clusters were. Floors are
/// kept where a link cannot carry them: an allocation then says that it is infeasible.
struct ShareInvariants: Sendable {
    private struct Booking: Sendable {
        var at: MonotonicTime
        var effective: BitRate
    }
    private let fleet: FleetConfiguration
    private var bookings: [LinkID: [Booking]] = [:]
    /// By link, the clusters among which it is shared out.
    private let members: [LinkID: [Int]]
    /// The clusters that had a share in some allocation.
    private var known: Set<ClusterID> = []
    /// A grant lives so long; then what was decided on it may be held back and written late.
    private let life: Nanoseconds

    init(_ fleet: FleetConfiguration) {
        self.fleet = fleet
        let shared = fleet.clusters.indices.filter { fleet.clusters[$0].mode == .enforce && fleet.clusters[$0].delivery != .standalone }
        members = Dictionary(uniqueKeysWithValues: fleet.links.map { link in (link.id, shared.filter { fleet.clusters[$0].crosses(link.id) }) })
        life = fleet.grantTimeToLive + fleet.tick + FleetSimulation.apiPatience
    }

    mutating func decided(_ records: [LogRecord], _ now: MonotonicTime) {
        for stored in records {
            guard stored.position.stream == .coordinator, case .allocationDecided(let record)? = stored.fact else { continue }
            for share in record.shares { known.insert(share.cluster) }
            for link in record.links {
                var kept = bookings[link.link, default: []].filter { now - $0.at <= life }
                // The one before holds until this one arrives everywhere.
                if kept.isEmpty, let last = bookings[link.link]?.last { kept = [Booking(at: now, effective: last.effective)] }
                if let last = kept.indices.last, kept[last].effective == link.effective { kept[last].at = now } else {
                    if let last = kept.indices.last { kept[last].at = now }
                    kept.append(Booking(at: now, effective: link.effective))
                }
                bookings[link.link] = kept
            }
        }
    }

    func raised(_ workload: Int, in index: Int, _ sites: [SimulatedSite], _ now: MonotonicTime) -> (Invariant, String)? {
        for link in sites[index].cluster.workloads[workload].links {
            let crossing = members[link] ?? []
            guard crossing.allSatisfy({ known.contains(fleet.clusters[$0].id) }), let booked = bookings[link]?.map(\.effective).max() else { continue }
            let standing = crossing.reduce(BitRate.zero) { sum, place in sum + ShareInvariants.standing(of: sites[place].pods, fleet.clusters[place], on: link) }
            let floors = crossing.reduce(BitRate.zero) { sum, place in
                let cluster = fleet.clusters[place]
                return cluster.workloads(crossing: link).reduce(sum) { $0 + cluster.guardrails.clamp($1.floor) }
            }
            if standing > max(booked, floors).scaled(thousandths: 1_001) {
                return (.shared, "\(standing.readable) stand on \(link) after a raise in \(sites[index].cluster.id), of \(booked.readable) granted")
            }
        }
        return nil
    }

    private static func standing(of pods: SimulatedPods, _ cluster: ClusterSpecification, on link: LinkID) -> BitRate {
        cluster.workloads.indices.reduce(.zero) { sum, workload in
            guard cluster.workloads[workload].links.contains(link) else { return sum }
            return pods.workloads[workload].reduce(sum) { $1.isForeign ? $0 : $0 + ($1.limit ?? .zero) }
        }
    }
}
