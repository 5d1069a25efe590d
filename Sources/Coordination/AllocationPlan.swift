import Allocation
public import Events
public import Fleet
public import Quantities

/// One allocation for the whole fleet: from configuration and folded state to shares, and from shares to what may be granted now.
///
/// Four columns, never confused: `share` is what the allocator answers; `granted` is what is safe to grant at this moment, so that
/// no link is overbooked between two allocations; `applied` is what is read back; `used` is what is measured.
public struct AllocationPlan: Sendable {
    public struct Row: Sendable, Equatable {
        public var cluster: ClusterID
        public var workload: WorkloadID
        public var share: BitRate
        public var granted: BitRate
        public var binding: String
        public var next: String?
    }
    public let rows: [Row]
    public let links: [AllocationRecord.Link]
    public let isFeasible: Bool
    public let shortfalls: [String]
    /// What clusters that are granted nothing now may still use.
    public let kept: [AllocationRecord.Kept]
    public let certificate: String

    public func grantedRates(of cluster: ClusterID) -> [Grant.Rate] {
        rows.filter { $0.cluster == cluster }.map { Grant.Rate(workload: $0.workload, rate: $0.granted) }
            .sorted { $0.workload < $1.workload }
    }
}

/// What a workload stands for in one allocation.
struct PlannedDemand {
    let cluster: ClusterID
    let specification: WorkloadSpecification
    let minimum: BitRate
    let maximum: BitRate
    /// What `maximum` is: its `ceiling`, or its `use` where it is idle.
    var ownBound = "ceiling"
    let tier: Int
    /// What may flow until the cluster says that it went lower: its limit as read back (what it uses, where it has none), or a
    /// grant that it may still act under.
    let committed: BitRate
    /// What it has by now: its limit as read back, or the newest grant where that is more. Never more than a grant that is dead gave.
    let standing: BitRate
    var id: String { "\(cluster)/\(specification.id)" }
}

/// Plans allocations. Keeps the allocator's buffers; decides nothing twice: equal input, equal plan.
public struct AllocationPlanner: Sendable {
    private var solver = AllocationSolver()
    /// A share that moved by less than this part changes nothing, unless it must fall. Unit: thousandths.
    /// Less than lies between a link's plateau and its edge (0.95 and 0.97 of the ceiling), or that edge would never be granted.
    static let hysteresisThousandths: Int64 = 15

    public init() {}

    /// - Parameters:
    ///   - effective: what each link is believed to carry now.
    ///   - now: for the age of the clusters' ticks.
    /// - Returns: nil where nobody can be granted anything yet.
    public mutating func plan(
        _ fleet: FleetConfiguration, _ state: FleetState, effective: [LinkID: BitRate], now: MonotonicTime
    ) -> AllocationPlan? {
        let present = fleet.clusters.filter { AllocationPlanner.isGrantable($0, state, now) }
        let demands = present.flatMap { cluster in self.demands(of: cluster, fleet, state) }
        guard !demands.isEmpty else { return nil }
        var links: [AllocationRecord.Link] = []
        var room: [LinkID: BitRate] = [:]
        for link in fleet.links {
            let carried = min(effective[link.id] ?? link.capacity, link.capacity)
            let kept = AllocationPlanner.kept(on: link.id, fleet, state, now: now)
            room[link.id] = carried.minus(kept)
            links.append(AllocationRecord.Link(link: link.id, configured: link.capacity, effective: carried, reserved: kept, used: .zero))
        }
        let brakes = localBrakes(present, state)
        guard let target = solve(demands, room: room, brakes: brakes) else { return nil }
        let shares = hold(target, demands, state)
        let granted = inTransit(shares, demands, room: room)
        for index in links.indices {
            let sum = zip(demands, shares).filter { $0.0.specification.links.contains(links[index].link) }.map(\.1)
            links[index].used = sum.reduce(.zero, +)
        }
        // No site goes below its floors: where they do not fit, that is said (`isFeasible`), and the grant does not pretend otherwise.
        let rows = demands.indices.map { index in
            AllocationPlan.Row(
                cluster: demands[index].cluster, workload: demands[index].specification.id, share: target.rates[index],
                granted: max(granted[index], demands[index].minimum), binding: target.binding[index], next: target.next[index])
        }
        return AllocationPlan(
            rows: rows, links: links, isFeasible: target.isFeasible, shortfalls: target.shortfalls,
            kept: AllocationPlanner.keptRates(fleet, state, now: now), certificate: target.certificate)
    }

    /// What a link keeps beside the grants: the reserves of critical flows, and what clusters that are granted nothing now may
    /// use. An unreachable one may still use what it was last granted, for annotations have no expiry; one that observes counts
    /// with what it measurably uses.
    public static func kept(on link: LinkID, _ fleet: FleetConfiguration, _ state: FleetState, now: MonotonicTime) -> BitRate {
        let absent = fleet.clusters(crossing: link).filter { !isGrantable($0, state, now) }
        return absent.reduce(fleet.reserve(on: link)) { sum, cluster in
            cluster.workloads(crossing: link).reduce(sum) { $0 + kept(of: $1.id, in: cluster, state) }
        }
    }

    private static func kept(of workload: WorkloadID, in cluster: ClusterSpecification, _ state: FleetState) -> BitRate {
        let use = state.clusters[cluster.id]?.workloads[workload]
        guard cluster.mode == .enforce else { return use?.used ?? .zero }
        return max(state.highestOutstanding(cluster.id, workload), use.map(mayFlow) ?? .zero)
    }

    /// The same by workload, of clusters that would act: for whoever begins to fold here.
    private static func keptRates(_ fleet: FleetConfiguration, _ state: FleetState, now: MonotonicTime) -> [AllocationRecord.Kept] {
        fleet.clusters.filter { $0.mode == .enforce && !isGrantable($0, state, now) }.flatMap { cluster in
            cluster.workloads.compactMap { workload in
                let rate = kept(of: workload.id, in: cluster, state)
                return rate > .zero ? AllocationRecord.Kept(cluster: cluster.id, workload: workload.id, rate: rate) : nil
            }
        }
    }

    /// What may flow of a workload by its newest row: its limit as read back. Where it has none, what it uses, or what its cluster was
    /// about to limit it to, if that is more.
    private static func mayFlow(_ use: WorkloadUse) -> BitRate { use.applied ?? max(use.used ?? .zero, use.desired ?? .zero) }

    /// Grants go to clusters that act, are heard, and have a hub.
    static func isGrantable(_ cluster: ClusterSpecification, _ state: FleetState, _ now: MonotonicTime) -> Bool {
        cluster.mode == .enforce && cluster.delivery != .standalone
            && (state.clusters[cluster.id]?.isFresh(at: now, ticks: ticksUntilUnreachable) ?? false)
    }
    /// A cluster unheard for this many of its ticks is granted nothing new and keeps what it had.
    static let ticksUntilUnreachable: Int64 = 6

    private func demands(of cluster: ClusterSpecification, _ fleet: FleetConfiguration, _ state: FleetState) -> [PlannedDemand] {
        cluster.workloads.map { workload in
            let use = state.clusters[cluster.id]?.workloads[workload.id]
            let floor = cluster.guardrails.clamp(workload.floor)
            let ceiling = max(floor, cluster.guardrails.clamp(workload.ceiling))
            let maximum = max(floor, min(ceiling, use?.idleWish ?? ceiling))
            return PlannedDemand(
                cluster: cluster.id, specification: workload, minimum: floor, maximum: maximum, ownBound: maximum < ceiling ? "use" : "ceiling",
                tier: Int(fleet.tier(named: workload.tier)?.rank ?? 0),
                committed: max(use.map(AllocationPlanner.mayFlow) ?? .zero, state.highestOutstanding(cluster.id, workload.id)),
                standing: max(use?.applied ?? .zero, state.grants[cluster.id]?.rate(of: workload.id) ?? .zero))
        }
    }

    /// A brake that its loop pulled in its newest row: one more capacity, over the demands that it names, of what their limits
    /// came to.
    private func localBrakes(_ present: [ClusterSpecification], _ state: FleetState) -> [(LoopID, BitRate)] {
        present.flatMap { cluster in
            cluster.loops.compactMap { loop in
                guard let decision = state.clusters[cluster.id]?.loops[loop.link], decision.outcome.isBrake else { return nil }
                let limits = cluster.workloads(crossing: loop.link).map { state.clusters[cluster.id]?.workloads[$0.id]?.desired }
                guard !limits.contains(where: { $0 == nil }) else { return nil }
                return (loop, limits.compactMap { $0 }.reduce(.zero, +))
            }
        }
    }

    private struct Solution {
        var rates: [BitRate]
        var binding: [String]
        var next: [String?]
        var isFeasible: Bool
        var shortfalls: [String]
        var certificate: String
    }

    private mutating func solve(_ demands: [PlannedDemand], room: [LinkID: BitRate], brakes: [(LoopID, BitRate)]) -> Solution? {
        let links = room.keys.sorted()
        var resources = links.map { AllocationResource(kind: .link, id: $0.text, capacity: room[$0] ?? .zero) }
        resources += brakes.map { AllocationResource(kind: .brake, id: $0.0.description, capacity: $0.1) }
        let entries = demands.map { demand in
            var path = links.indices.filter { demand.specification.links.contains(links[$0]) }
            path += brakes.indices.filter { brakes[$0].0.cluster == demand.cluster && demand.specification.links.contains(brakes[$0].0.link) }
                .map { links.count + $0 }
            return AllocationDemand(
                id: demand.id, cluster: demand.cluster, resources: path, minimum: demand.minimum, maximum: demand.maximum,
                weight: demand.specification.weightMillionths, tier: demand.tier)
        }
        // The configuration was validated, so an instance that is refused is our own mistake; a plan is then not made.
        guard let instance = try? AllocationInstance(resources: resources, demands: entries) else { return nil }
        let result = solver.solve(instance)
        var solution = Solution(
            rates: Array(repeating: .zero, count: demands.count), binding: Array(repeating: "", count: demands.count),
            next: Array(repeating: nil, count: demands.count), isFeasible: result.isFeasible, shortfalls: [],
            certificate: result.certificate.text(for: instance))
        for (ordered, given) in instance.positions.enumerated() {
            solution.rates[given] = result.rate(of: ordered)
            solution.binding[given] = AllocationPlanner.name(of: result.limit(of: ordered), ownBound: demands[given].ownBound, in: instance)
            solution.next[given] = result.nextLimit(of: ordered, in: instance).map {
                AllocationPlanner.name(of: $0.limit, ownBound: demands[given].ownBound, in: instance)
            }
        }
        solution.shortfalls = result.shortfalls.map {
            "\(instance.resources[$0.resource].kind.rawValue) \(instance.resources[$0.resource].id) lacks \($0.missing.readable)"
        }
        return solution
    }

    /// `ceiling` or `use` for the workload's own bound, else the resource: `link wan-a`, `brake plant-a/wan-a`.
    private static func name(of limit: AllocationResult.Limit, ownBound: String, in instance: AllocationInstance) -> String {
        switch limit {
        case .maximum: ownBound
        case .resource(let index): "\(instance.resources[index].kind.rawValue) \(instance.resources[index].id)"
        }
    }

    /// Hysteresis: a share that rises by little stays where the last grant stood. One that falls always falls.
    private func hold(_ target: Solution, _ demands: [PlannedDemand], _ state: FleetState) -> [BitRate] {
        demands.indices.map { index in
            let share = target.rates[index]
            guard let last = state.grants[demands[index].cluster]?.rate(of: demands[index].specification.id), share > last else { return share }
            return share.minus(last) < last.scaled(thousandths: AllocationPlanner.hysteresisThousandths) ? last : share
        }
    }

    /// Decreases first. A rise past what stands is granted only from room that nobody is committed to any more: everybody counts with
    /// what may still flow until his cluster reports that it went lower. Where that is more than a link carries nobody on it rises,
    /// except to its floor: an older grant that may still be acted under is counted, and never given anew.
    private mutating func inTransit(_ shares: [BitRate], _ demands: [PlannedDemand], room: [LinkID: BitRate]) -> [BitRate] {
        #if DEBUG
        if PlantedBug.increaseBeforeDecrease.isPlanted { return shares }
        #endif
        guard demands.indices.contains(where: { shares[$0] < demands[$0].committed }) else { return shares }
        var left = room
        for (demand, share) in zip(demands, shares) {
            // Of who rises, what lies above his share.
            let counted = share > demand.standing ? demand.committed.minus(share) : demand.committed
            for link in demand.specification.links { left[link] = (left[link] ?? .zero).minus(counted) }
        }
        let rising = demands.indices.filter { shares[$0] > demands[$0].standing }
        let capped = rising.map { index in
            let demand = demands[index]
            return PlannedDemand(
                cluster: demand.cluster, specification: demand.specification, minimum: min(demand.committed, shares[index]),
                maximum: shares[index], tier: demand.tier, committed: demand.committed, standing: demand.standing)
        }
        var granted = shares
        guard let solution = capped.isEmpty ? nil : solve(capped, room: left, brakes: []) else { return granted }
        for (place, index) in rising.enumerated() {
            let isFree = solution.rates[place] >= capped[place].minimum
            // What already stands is not taken back here: a decrease is the target's to decide, not the order's.
            let safe = isFree ? solution.rates[place] : demands[index].standing
            granted[index] = max(safe, min(demands[index].minimum, shares[index]))
        }
        return granted
    }
}
