import Allocation
public import Events
import Fleet
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
    /// What may be granted each cluster now, in order of cluster; one rate per workload, in the order of their ids.
    public let grants: [(cluster: ClusterID, rates: [Grant.Rate])]

    init(
        rows: [Row], links: [AllocationRecord.Link], isFeasible: Bool, shortfalls: [String], kept: [AllocationRecord.Kept], certificate: String
    ) {
        self.rows = rows
        self.links = links
        self.isFeasible = isFeasible
        self.shortfalls = shortfalls
        self.kept = kept
        self.certificate = certificate
        var grants: [(cluster: ClusterID, rates: [Grant.Rate])] = []
        for row in rows {
            if grants.last?.cluster != row.cluster { grants.append((row.cluster, [])) }
            grants[grants.count - 1].rates.append(Grant.Rate(workload: row.workload, rate: row.granted))
        }
        for index in grants.indices { grants[index].rates.sort { $0.workload < $1.workload } }
        self.grants = grants.sorted { $0.cluster < $1.cluster }
    }
}

/// What a workload stands for in one allocation.
struct PlannedDemand: Equatable {
    /// Its place in the layout.
    let workload: Int
    let minimum: BitRate
    let maximum: BitRate
}

/// What flows of a workload already, or still may, and what it was granted last.
private struct Standing {
    /// What may flow of it by its newest row (`FleetView.mayFlow`).
    let flows: BitRate
    /// What may flow until the cluster says that it went lower: the same, or a grant that it may still act under.
    let committed: BitRate
    /// The newest grant.
    let last: BitRate?
}

/// Plans allocations for one fleet. Keeps the allocator's buffers, and the newest answer; decides nothing twice: equal input, equal plan.
public struct AllocationPlanner: Sendable {
    private let layout: FleetLayout
    private var solver = AllocationSolver()
    private var newest: (problem: Problem, solution: Solution)?
    /// Those used last.
    private var frames: [Frame] = []
    /// A share that moved by less than this part changes nothing, unless it must fall. Unit: thousandths.
    /// Less than lies between a link's plateau and its edge (0.95 and 0.97 of the ceiling), or that edge would never be granted.
    static let hysteresisThousandths: Int64 = 15

    public init(_ layout: FleetLayout) { self.layout = layout }

    /// - Parameters:
    ///   - view: the clusters as `state` has them.
    ///   - effective: what each link is believed to carry now, in the configuration's order.
    /// - Returns: nil where nobody can be granted anything yet.
    public mutating func plan(_ view: FleetView, _ state: FleetState, effective: [BitRate]) -> AllocationPlan? {
        let (demands, standing) = demands(view, state)
        guard !demands.isEmpty else { return nil }
        var links: [AllocationRecord.Link] = []
        for (index, link) in layout.links.enumerated() {
            let kept = view.kept(on: index)
            links.append(
                AllocationRecord.Link(
                    link: link.id, configured: link.capacity, effective: min(effective[index], link.capacity), reserved: kept, used: .zero))
        }
        let room = links.map { $0.effective.minus($0.reserved) }
        guard let target = solution(of: Problem(demands: demands, room: room, brakes: localBrakes(view))) else { return nil }
        let shares = zip(target.rates, standing).map { AllocationPlanner.held($0, last: $1.last) }
        let granted = inTransit(shares, demands, standing, room: room)
        for (demand, share) in zip(demands, shares) {
            for link in layout.workloads[demand.workload].links { links[link].used = links[link].used + share }
        }
        // No site goes below its floors, in transit either.
        let rows = demands.indices.map { index in
            let workload = layout.workloads[demands[index].workload]
            return AllocationPlan.Row(
                cluster: layout.clusters[workload.cluster].id, workload: workload.id, share: target.shares[index],
                granted: max(granted[index], demands[index].minimum), binding: target.binding[index], next: target.next[index])
        }
        return AllocationPlan(
            rows: rows, links: links, isFeasible: target.isFeasible, shortfalls: target.shortfalls, kept: view.keptRates,
            certificate: target.certificate)
    }

    private func demands(_ view: FleetView, _ state: FleetState) -> (demands: [PlannedDemand], standing: [Standing]) {
        var (demands, standing): ([PlannedDemand], [Standing]) = ([], [])
        for (index, cluster) in layout.clusters.enumerated() where view.isGrantable[index] {
            let grant = state.grants[cluster.id]
            let outstanding = state.outstandingRates(of: cluster.id)
            for place in cluster.workloads {
                let workload = layout.workloads[place]
                let use = view.uses[place]
                let maximum = max(workload.floor, min(workload.ceiling, use?.idleWish ?? workload.ceiling))
                demands.append(PlannedDemand(workload: place, minimum: workload.floor, maximum: maximum))
                let flows = use.map(FleetView.mayFlow) ?? .zero
                standing.append(Standing(flows: flows, committed: max(flows, outstanding.highest(of: workload.id)), last: grant?.rate(of: workload.id)))
            }
        }
        return (demands, standing)
    }

    /// A brake that its loop pulled in its newest row: one more capacity, over the demands that it names, of what their limits
    /// came to.
    private func localBrakes(_ view: FleetView) -> [Brake] {
        var brakes: [Brake] = []
        for (index, loop) in layout.loops.enumerated() where view.isGrantable[loop.cluster] {
            guard view.decisions[index]?.outcome.isBrake == true else { continue }
            let limits = loop.workloads.map { view.uses[$0]?.desired }
            guard !limits.contains(where: { $0 == nil }) else { continue }
            brakes.append(Brake(loop: index, capacity: limits.compactMap { $0 }.reduce(.zero, +)))
        }
        return brakes
    }

    // MARK: - Solving

    private struct Brake: Equatable {
        let loop: Int
        let capacity: BitRate
    }
    /// All that an answer depends on.
    private struct Problem: Equatable {
        let demands: [PlannedDemand]
        /// By link.
        let room: [BitRate]
        let brakes: [Brake]
    }
    private struct Solution {
        /// With every floor held.
        var rates: [BitRate]
        /// The same, but for those whose floor does not fit: what their link leaves them.
        var shares: [BitRate]
        var binding: [String]
        var next: [String?]
        var isFeasible: Bool
        var shortfalls: [String]
        var certificate: String
    }

    /// The newest answer again where nothing moved: most rounds find every demand and every room as the one before.
    private mutating func solution(of problem: Problem) -> Solution? {
        if let newest, newest.problem == problem { return newest.solution }
        guard let solution = solve(problem) else { return nil }
        newest = (problem, solution)
        return solution
    }

    /// Where floors do not fit, that is said, and all keep theirs: what else crosses the links of such a workload is shared out among what
    /// its floor leaves there.
    private mutating func solve(_ problem: Problem) -> Solution? {
        guard let frame = frame(of: problem), let instance = instance(of: problem, frame) else { return nil }
        let result = solver.solve(instance)
        guard !result.isFeasible else { return solution(result, of: problem, instance, frame) }
        guard let widened = self.instance(of: problem, frame, holdsFloors: true) else { return nil }
        var solution = solution(solver.solve(widened), of: problem, widened, frame)
        for (ordered, given) in instance.positions.enumerated() where result.rate(of: ordered) < problem.demands[given].minimum {
            solution.shares[given] = result.rate(of: ordered)
        }
        solution.isFeasible = false
        solution.shortfalls = result.shortfalls.map { "\(frame.names[$0.resource]) lacks \($0.missing.readable)" }
        return solution
    }

    private func solution(_ result: AllocationResult, of problem: Problem, _ instance: AllocationInstance, _ frame: Frame) -> Solution {
        let count = problem.demands.count
        var solution = Solution(
            rates: Array(repeating: .zero, count: count), shares: [], binding: Array(repeating: "", count: count),
            next: Array(repeating: nil, count: count), isFeasible: true, shortfalls: [], certificate: result.certificate.text(for: instance))
        for (ordered, given) in instance.positions.enumerated() {
            let demand = problem.demands[given]
            let ownBound = demand.maximum < layout.workloads[demand.workload].ceiling ? "use" : "ceiling"
            solution.rates[given] = result.rate(of: ordered)
            solution.binding[given] = frame.name(of: result.limit(of: ordered), ownBound: ownBound)
            solution.next[given] = result.nextLimit(of: ordered, in: instance).map { frame.name(of: $0.limit, ownBound: ownBound) }
        }
        solution.shares = solution.rates
        return solution
    }

    /// The rates alone, with every minimum held.
    private mutating func rates(of problem: Problem) -> [BitRate]? {
        guard let frame = frame(of: problem), let instance = instance(of: problem, frame, holdsFloors: true) else { return nil }
        let result = solver.solve(instance)
        var rates = [BitRate](repeating: .zero, count: problem.demands.count)
        for (ordered, given) in instance.positions.enumerated() { rates[given] = result.rate(of: ordered) }
        return rates
    }

    /// Who shares what, apart from all numbers: problems of the same clusters and brakes have one.
    private struct Frame {
        /// Of the demands, in their order.
        let workloads: [Int]
        /// The loops whose brakes stand among the resources, behind the links.
        let brakes: [Int]
        /// The resources of each demand, by their places in the problem.
        let paths: [[Int]]
        /// With no room, and nobody asking.
        let instance: AllocationInstance
        /// What each resource is called, in the instance's order: `link wan-a`, `brake plant-a/wan-a`.
        let names: [String]

        func isOf(_ problem: Problem) -> Bool {
            workloads.count == problem.demands.count && brakes.count == problem.brakes.count
                && zip(workloads, problem.demands).allSatisfy { $0 == $1.workload } && zip(brakes, problem.brakes).allSatisfy { $0 == $1.loop }
        }
        /// `ceiling` or `use` for the workload's own bound, else the resource.
        func name(of limit: AllocationResult.Limit, ownBound: String) -> String {
            switch limit {
            case .maximum: ownBound
            case .resource(let index): names[index]
            }
        }
    }
    /// So many are kept: in one round with the brakes and without, and those of the round before.
    private static let maximumFrames = 4

    private mutating func frame(of problem: Problem) -> Frame? {
        if let known = frames.firstIndex(where: { $0.isOf(problem) }) {
            if known > 0 { frames.swapAt(0, known) }
            return frames[0]
        }
        guard let frame = makeFrame(of: problem) else { return nil }
        frames.insert(frame, at: 0)
        if frames.count > AllocationPlanner.maximumFrames { frames.removeLast() }
        return frame
    }

    private func makeFrame(of problem: Problem) -> Frame? {
        var resources = layout.links.map { AllocationResource(kind: .link, id: $0.id.text, capacity: .zero) }
        resources += problem.brakes.map { AllocationResource(kind: .brake, id: layout.loops[$0.loop].id.description, capacity: .zero) }
        let demands = problem.demands.map { demand in
            let workload = layout.workloads[demand.workload]
            var path = workload.links
            for (place, brake) in problem.brakes.enumerated() {
                let loop = layout.loops[brake.loop]
                if loop.cluster == workload.cluster, workload.links.contains(loop.link) { path.append(layout.links.count + place) }
            }
            return AllocationDemand(
                id: workload.demand, cluster: layout.clusters[workload.cluster].id, resources: path, minimum: .zero, maximum: .zero,
                weight: workload.weightMillionths, tier: workload.tier)
        }
        // The configuration was validated, so an instance that is refused is our own mistake; a plan is then not made.
        guard let instance = try? AllocationInstance(resources: resources, demands: demands) else { return nil }
        return Frame(
            workloads: problem.demands.map(\.workload), brakes: problem.brakes.map(\.loop), paths: demands.map(\.resources), instance: instance,
            names: instance.resources.map { "\($0.kind.rawValue) \($0.id)" })
    }

    /// - Parameter holdsFloors: whether what carries less than the floors of its demands counts as carrying just them.
    private func instance(of problem: Problem, _ frame: Frame, holdsFloors: Bool = false) -> AllocationInstance? {
        var capacities = problem.room + problem.brakes.map(\.capacity)
        if holdsFloors {
            var floors = [BitRate](repeating: .zero, count: capacities.count)
            for (demand, path) in zip(problem.demands, frame.paths) {
                for resource in path { floors[resource] = floors[resource] + demand.minimum }
            }
            capacities = zip(capacities, floors).map(max)
        }
        return frame.instance.with(capacities: capacities, bounds: problem.demands.map { ($0.minimum, $0.maximum) })
    }

    // MARK: - From shares to grants

    /// Hysteresis: a share that rises by little stays where the last grant stood. One that falls always falls.
    private static func held(_ share: BitRate, last: BitRate?) -> BitRate {
        guard let last, share > last else { return share }
        return share.minus(last) < last.scaled(thousandths: hysteresisThousandths) ? last : share
    }

    /// Decreases first: who has more than his share is granted that at once, and counts with what he has until he says that he went lower.
    ///
    /// A rise waits for room, in two steps. Up to his newest grant everybody may rise into what is left by what flows: where a link came
    /// to carry less, that takes back what is not used of the grants and no longer fits. Past it he may rise where all that may still come to
    /// flow, older grants included, leaves room. Nobody waits for room below his floor.
    private mutating func inTransit(_ shares: [BitRate], _ demands: [PlannedDemand], _ standing: [Standing], room: [BitRate]) -> [BitRate] {
        #if DEBUG
        if PlantedBug.increaseBeforeDecrease.isPlanted { return shares }
        #endif
        guard demands.indices.contains(where: { shares[$0] < standing[$0].committed }) else { return shares }
        let again = zip(shares, standing).map { min($0, max($1.flows, $1.last ?? .zero)) }
        // Who was told to come down, and has not said yet that he did, is not told to stay.
        let stays = standing.map { min($0.flows, $0.last ?? $0.flows) }
        let upToNewest = rising(from: stays, to: again, counting: standing.map(\.flows), demands, room: room)
        if again == shares { return upToNewest }
        let past = rising(from: standing.map(\.committed), to: shares, counting: standing.map(\.committed), demands, room: room)
        let isBooked = isOverfull(by: standing.map(\.committed), demands, room: room)
        return demands.indices.map { index in
            let mayPass = upToNewest[index] == again[index] && !layout.workloads[demands[index].workload].links.contains { isBooked[$0] }
            return mayPass ? past[index] : upToNewest[index]
        }
    }

    /// By link, whether that comes to more than it carries.
    private func isOverfull(by counted: [BitRate], _ demands: [PlannedDemand], room: [BitRate]) -> [Bool] {
        var sums = [BitRate](repeating: .zero, count: room.count)
        for (demand, counted) in zip(demands, counted) {
            for link in layout.workloads[demand.workload].links { sums[link] = sums[link] + counted }
        }
        return zip(sums, room).map { $0 > $1 }
    }

    /// Rates between `base` and `target` for those who rise, at `target` for the others, in the order and by the weights of the shares: where
    /// more counts than a link carries, nobody on it rises.
    /// - Parameter counted: what each takes of his links whatever he is granted.
    private mutating func rising(
        from base: [BitRate], to target: [BitRate], counting counted: [BitRate], _ demands: [PlannedDemand], room: [BitRate]
    ) -> [BitRate] {
        let kept = demands.indices.map { max(min(base[$0], target[$0]), min(demands[$0].minimum, target[$0])) }
        guard kept != target else { return target }
        let above = demands.indices.map { counted[$0].minus(kept[$0]) }
        // Mostly there is room for all.
        if !isOverfull(by: zip(above, target).map(+), demands, room: room).contains(true) { return target }
        var left = room
        for (demand, above) in zip(demands, above) {
            for link in layout.workloads[demand.workload].links { left[link] = left[link].minus(above) }
        }
        let between = demands.indices.map { PlannedDemand(workload: demands[$0].workload, minimum: kept[$0], maximum: target[$0]) }
        return rates(of: Problem(demands: between, room: left, brakes: [])) ?? kept
    }
}
