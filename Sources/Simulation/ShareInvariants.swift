import Events
import Fleet
import Quantities

/// I14: whenever a limit rises, all limits that we wrote on the Pods of its links together are no more than what was granted of them.
///
/// What was granted is the most that an allocation gave a link while a grant of it may still live. Of a link that was overfull then, nobody is
/// granted more than he had, and who came down by himself may come back to that. Who stands unlimited, or under a
/// limit of somebody else, is not of our booking, and a link counts from the first allocation in which all its clusters were: what was
/// granted of it before, when nobody knew yet what the others hold, may be used while such a grant may live. Floors are kept where a link
/// cannot carry them: an allocation then says that it is infeasible.
///
/// A cluster that is not heard keeps its share: what stands on its Pods is given to nobody else. It reports before it receives: no grant is
/// decided for a cluster of which its coordinator was delivered no tick lately.
struct ShareInvariants: Sendable {
    private struct Booking: Sendable, Equatable {
        var at: MonotonicTime
        var effective: BitRate
        /// Where more stood: how much of each cluster's each workload.
        var stood: [[BitRate]] = []
        /// Where one of the link's clusters had been in no allocation yet: how much each cluster's each workload was granted.
        var early: [[BitRate]] = []
    }
    private let fleet: FleetConfiguration
    private var bookings: [LinkID: [Booking]] = [:]
    /// A cluster among those that share a link, and which of its workloads cross it.
    private struct Member: Sendable {
        let cluster: Int
        let workloads: [Int]
    }
    private let members: [LinkID: [Member]]
    private let places: [ClusterID: Int]
    /// The clusters that had a share in some allocation.
    private var known: Set<ClusterID> = []
    /// Those of whose present nothing was stored since the database was put back, or that still hold a grant which it forgot. What that let
    /// them have nobody knows; they count with what the allocation says that they keep.
    private var unheardSinceRestore: Set<ClusterID> = []
    /// The first grant of each cluster since then.
    private var firstGrantSince: [ClusterID: GrantVersion] = [:]
    /// A grant lives so long; then what was decided on it may be held back and written late.
    private let life: Nanoseconds
    /// The grants that were judged when they were sent first.
    private var judged: GrantVersion?

    init(_ fleet: FleetConfiguration) {
        self.fleet = fleet
        let shared = fleet.clusters.indices.filter { fleet.clusters[$0].mode == .enforce && fleet.clusters[$0].delivery != .standalone }
        members = Dictionary(
            uniqueKeysWithValues: fleet.links.map { link in
                let crossing = shared.filter { fleet.clusters[$0].crosses(link.id) }.map { cluster in
                    let workloads = fleet.clusters[cluster].workloads
                    return Member(cluster: cluster, workloads: workloads.indices.filter { workloads[$0].links.contains(link.id) })
                }
                return (link.id, crossing)
            })
        places = Dictionary(uniqueKeysWithValues: fleet.clusters.enumerated().map { ($1.id, $0) })
        life = fleet.grantTimeToLive + fleet.tick + FleetSimulation.apiPatience
    }

    /// What a coordinator sends: its grants are judged at the moment of their decision, for they are sent at once.
    mutating func sends(_ append: AppendRequest, from coordinator: Int, _ hearing: Hearing, _ now: MonotonicTime) -> (Invariant, String)? {
        var newest = judged
        defer { judged = newest }
        for entry in append.entries {
            // What a coordinator of ours cannot have written is no grant of its.
            guard case .event(let envelope)? = try? entry.decoded(), envelope.kind == Fact.grantKind,
                case .grantIssued(let grant)? = try? envelope.fact(), judged.map({ $0 < grant.version }) ?? true
            else { continue }
            newest = max(newest ?? grant.version, grant.version)
            let heard = hearing.newestTick(of: grant.cluster, by: coordinator)
            guard let heard, now - heard <= fleet.tick * ShareInvariants.ticksUnheard else {
                return (.shared, "\(grant.cluster) is granted \(grant.version) by coordinator \(coordinator), which was told nothing of it lately")
            }
        }
        return nil
    }
    /// A coordinator counts a cluster as unheard after six of its ticks.
    private static let ticksUnheard: Int64 = 6

    // MARK: - What is given

    mutating func restored() {
        unheardSinceRestore = Set(fleet.clusters.map(\.id))
        firstGrantSince = [:]
    }

    mutating func decided(_ records: [LogRecord], _ sites: [SimulatedSite], _ now: MonotonicTime) -> (Invariant, String)? {
        var found: (Invariant, String)?
        for stored in records {
            if case .tick(let tick) = stored.entry { heard(tick, at: stored.position, sites) }
            if case .grantIssued(let grant)? = stored.fact, firstGrantSince[grant.cluster] == nil { firstGrantSince[grant.cluster] = grant.version }
            guard stored.position.stream == .coordinator, case .allocationDecided(let record)? = stored.fact else { continue }
            let present = Set(record.shares.map(\.cluster))
            known.formUnion(present)
            for link in record.links where found == nil { found = givenAway(link, by: record, to: present, sites) }
            for link in record.links {
                var kept = bookings[link.link, default: []].filter { now - $0.at <= life }
                // The one before holds until this one arrives everywhere.
                if kept.isEmpty, let last = bookings[link.link]?.last { kept = [last] }
                let isOverfull = standing(on: link.link, sites) > link.effective
                let stood = isOverfull ? sites.indices.map { sites[$0].pods.workloads.map(ShareInvariants.standing) } : []
                let early = counts(link.link) ? [] : granted(by: record)
                if let last = kept.indices.last { kept[last].at = now }
                let booking = Booking(at: now, effective: link.effective, stood: stood, early: early)
                if kept.last != booking { kept.append(booking) }
                bookings[link.link] = kept
            }
        }
        return found
    }

    /// Whether all clusters of a link were in some allocation.
    private func counts(_ link: LinkID) -> Bool { (members[link] ?? []).allSatisfy { known.contains(fleet.clusters[$0.cluster].id) } }

    private func granted(by record: AllocationRecord) -> [[BitRate]] {
        var granted = fleet.clusters.map { [BitRate](repeating: .zero, count: $0.workloads.count) }
        for share in record.shares {
            guard let place = places[share.cluster], let workload = fleet.clusters[place].workloads.firstIndex(where: { $0.id == share.workload })
            else { continue }
            granted[place][workload] = share.granted
        }
        return granted
    }

    /// A row of long ago, from a spool that heals the log, tells nothing of the present.
    private mutating func heard(_ tick: Tick, at position: LogPosition, _ sites: [SimulatedSite]) {
        guard !unheardSinceRestore.isEmpty, let cluster = position.stream.cluster, let place = places[cluster],
            sites[place].spool.stream == position.stream
        else { return }
        if let held = tick.grant {
            guard let first = firstGrantSince[cluster], held >= first else { return }
        }
        if sites[place].spool.head.sequence - position.sequence <= ShareInvariants.newestRows { unheardSinceRestore.remove(cluster) }
    }
    /// So many entries of a spool may belong to its newest tick, or have come since.
    private static let newestRows: Int64 = 8

    /// Whether an allocation gives the clusters that it names more of a link than those leave that it does not name.
    /// - Parameter present: those that it names.
    private func givenAway(
        _ link: AllocationRecord.Link, by record: AllocationRecord, to present: Set<ClusterID>, _ sites: [SimulatedSite]
    ) -> (Invariant, String)? {
        let crossing = members[link.link] ?? []
        let absent = crossing.filter { !present.contains(fleet.clusters[$0.cluster].id) }
        guard !absent.isEmpty, counts(link.link) else { return nil }
        let kept = absent.reduce(BitRate.zero) { sum, member in
            let cluster = fleet.clusters[member.cluster]
            let standing = ShareInvariants.standing(of: member, sites)
            guard unheardSinceRestore.contains(cluster.id) else { return sum + standing }
            let stated = record.kept.filter { $0.cluster == cluster.id && cluster.workload($0.workload)?.links.contains(link.link) == true }
            return sum + min(standing, stated.reduce(.zero) { $0 + $1.rate })
        }
        var (given, floors) = (BitRate.zero, BitRate.zero)
        for share in record.shares {
            guard let cluster = fleet.cluster(share.cluster), let workload = cluster.workload(share.workload), workload.links.contains(link.link) else { continue }
            given = given + share.granted
            floors = floors + cluster.guardrails.clamp(workload.floor)
        }
        guard given > max(link.effective.minus(kept), floors).scaled(thousandths: 1_001) else { return nil }
        let names = absent.map { fleet.clusters[$0.cluster].id.text }.joined(separator: ", ")
        return (.shared, "\(given.readable) of \(link.link) are granted of \(link.effective.readable), while \(kept.readable) stand in \(names), not heard")
    }

    /// A limit rose from `before` to `after`.
    func raised(
        _ workload: Int, in index: Int, from before: BitRate, to after: BitRate, _ sites: [SimulatedSite], _ now: MonotonicTime
    ) -> (Invariant, String)? {
        let cluster = fleet.clusters[index]
        // Who has less than his floor comes back to it, whatever the others still hold.
        guard after > cluster.guardrails.clamp(cluster.workloads[workload].floor) else { return nil }
        for link in cluster.workloads[workload].links {
            let crossing = members[link] ?? []
            guard counts(link), let living = bookings[link], let booked = living.map(\.effective).max() else { continue }
            if living.contains(where: { !$0.stood.isEmpty && after <= $0.stood[index][workload] }) { continue }
            if living.contains(where: { !$0.early.isEmpty && after <= $0.early[index][workload] }) { continue }
            let standing = standing(on: link, sites)
            let floors = crossing.reduce(BitRate.zero) { sum, member in
                let cluster = fleet.clusters[member.cluster]
                return member.workloads.reduce(sum) { $0 + cluster.guardrails.clamp(cluster.workloads[$1].floor) }
            }
            if standing > max(booked, floors).scaled(thousandths: 1_001) {
                let rise = "\(cluster.id)/\(cluster.workloads[workload].id) rose from \(before.readable) to \(after.readable)"
                return (.shared, "\(standing.readable) stand on \(link) of \(booked.readable) granted: \(rise)")
            }
        }
        return nil
    }

    private func standing(on link: LinkID, _ sites: [SimulatedSite]) -> BitRate {
        (members[link] ?? []).reduce(.zero) { $0 + ShareInvariants.standing(of: $1, sites) }
    }

    private static func standing(of member: Member, _ sites: [SimulatedSite]) -> BitRate {
        member.workloads.reduce(.zero) { $0 + standing(of: sites[member.cluster].pods.workloads[$1]) }
    }

    private static func standing(of pods: [SimulatedPods.Pod]) -> BitRate {
        pods.reduce(.zero) { $1.isForeign ? $0 : $0 + ($1.limit ?? .zero) }
    }
}
