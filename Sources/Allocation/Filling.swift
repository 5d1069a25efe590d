/// Progressive filling of one tier after another, exact, with buffers that are used again.
///
/// In a tier, each resource has a level: the largest λ at which its members' rates, `weight × λ` held between lower and upper
/// bound, fit into what the others leave of it. The resource with the lowest level binds its members at that level; the room that
/// they leave elsewhere can only raise other levels. So a level computed earlier is a lower bound of the level now, and a heap
/// whose entries are computed again only when they come to its top (a lazy heap) meets the resources in the right order.
/// A resource enters the heap with a proven bound from floating point; its exact level is computed when it comes to the top.
/// Source: weighted max-min by water-filling (Bertsekas and Gallager, Data Networks, 6.5.2).
struct Filling: Sendable {
    /// A demand that is settled by its own upper bound.
    static let ownBound: Int32 = -1

    /// All that the filling knows of one resource, side by side because it is touched together.
    struct ResourceState: Sendable {
        /// Capacity less the rates of all demands that cross it; those of this and of later tiers count with their lower bounds.
        var residual: FineRate = 0
        /// Settled rates, in whole bit/s.
        var used: Int64 = 0
        /// Members of the tier at hand that are not settled.
        var unsettled: Int32 = 0
        /// Where the members of the tier at hand stand in `members`, but for some that are settled.
        var begin: Int32 = 0
        var end: Int32 = 0
        /// A member was settled since the level was computed.
        var isStale = false
    }

    /// A demand to be settled and its rate at the level that was computed last.
    struct Candidate: Sendable {
        var term = FillTerm.settled
        var rate: FineRate = 0
        var demand: Int32 = 0
    }

    /// The rate of each demand so far: lower bounds until its tier has been filled.
    var rates: [FineRate] = []
    /// What settled each demand: a resource, or `ownBound`.
    var limits: [Int32] = []
    var terms: [FillTerm] = []
    var resources: [ResourceState] = []
    var certificate = AllocationCertificate()

    private var levels: [FillLevel] = []
    private var heap = LevelHeap()
    /// The layout's members; those who are settled are dropped from a resource's range when it is looked at again.
    private var members: [Int32] = []
    private var guesses: [ApproximateLevel.Terms] = []
    private var candidates: [Candidate] = []

    mutating func reset(for layout: AllocationLayout) {
        let demandCount = layout.weights.count
        let resourceCount = layout.capacities.count
        certificate.removeAll()
        if terms.count != demandCount || limits.count != demandCount {
            rates = [FineRate](repeating: 0, count: demandCount)
            limits = [Int32](repeating: Filling.ownBound, count: demandCount)
            terms = [FillTerm](repeating: .settled, count: demandCount)
        }
        if members.count != layout.member.count { members = [Int32](repeating: 0, count: layout.member.count) }
        if resources.count != resourceCount {
            resources = [ResourceState](repeating: ResourceState(), count: resourceCount)
            levels = [FillLevel](repeating: .zero, count: resourceCount)
        }
        if candidates.count < layout.largestSegment {
            guesses = [ApproximateLevel.Terms](repeating: ApproximateLevel.Terms(), count: layout.largestSegment / 4 + 1)
            candidates = [Candidate](repeating: Candidate(), count: layout.largestSegment)
        }
    }

    /// Settles the rates of a tier whose `terms` are set, and takes what they gain above their lower bounds off the residuals.
    mutating func fill(_ tier: Int, of layout: AllocationLayout, phase: AllocationCertificate.Phase, tierValue: Int) {
        let demands = Int(layout.tierStart[tier])..<Int(layout.tierStart[tier + 1])
        var remaining = begin(tier, layout, demands, phase)
        while remaining > 0, let entry = heap.popLowest(levels) {
            let resource = Int(entry.resource)
            if resources[resource].unsettled == 0 { continue }
            if entry.isExact && !resources[resource].isStale {
                Filling.gather(resources[resource], at: levels[resource], members, terms, &candidates)
            } else if !settlesNow(entry) {
                continue
            }
            certificate.append(entry.resource, levels[resource])
            let count = Int(resources[resource].unsettled)
            Filling.bind(count, to: entry.resource, layout, candidates, &terms, &rates, &limits, &resources)
            remaining -= count
        }
        if remaining > 0 { Filling.settleRest(demands, layout, &terms, &rates, &limits, &resources) }
        certificate.closeStep(phase, tier: tierValue)
    }

    /// Computes the level of the resource at the top of the heap, and its members' rates; puts it back where another may be lower.
    private mutating func settlesNow(_ entry: LevelHeap.Entry) -> Bool {
        let resource = Int(entry.resource)
        var bound = entry.bound
        let next = heap.first
        if resources[resource].isStale {
            resources[resource].isStale = false
            Filling.dropSettled(of: &resources[resource], &members, terms)
            bound = Filling.lowerBound(
                of: resources[resource], known: bound, enough: next?.bound ?? .infinity, members, terms, &guesses)
            if bound == .infinity { return false }
            if let next, next.bound < bound {
                heap.push(LevelHeap.Entry(bound: bound, resource: entry.resource, isExact: false), levels)
                return false
            }
        }
        // What was proven before holds: it must not be undercut by the rounding of one part in 2¹²⁸, for others went by it.
        let proven = max(levels[resource], FillLevel(bound))
        let level = Filling.exactLevel(of: resources[resource], near: bound, notBelow: proven, members, terms, &candidates)
        if level == .unbounded { return false }
        levels[resource] = level
        let exact = LevelHeap.Entry(bound: level.lowerBound, resource: entry.resource, isExact: true)
        guard let next, LevelHeap.precedes(next, exact, levels) else { return true }
        heap.push(exact, levels)
        return false
    }

    /// Puts the resources that the tier crosses into the heap; answers how many demands are to be settled.
    ///
    /// Demands without a minimum take no part in the filling of minimums.
    private mutating func begin(
        _ tier: Int, _ layout: AllocationLayout, _ demands: Range<Int>, _ phase: AllocationCertificate.Phase
    ) -> Int {
        heap.removeAll()
        for index in Int(layout.segmentStart[tier])..<Int(layout.segmentStart[tier + 1]) {
            let segment = layout.segments[index]
            let resource = Int(segment.resource)
            resources[resource].begin = segment.begin
            resources[resource].end = segment.end
            resources[resource].isStale = false
            levels[resource] = .zero
            Filling.copy(layout.member, Int(segment.begin)..<Int(segment.end), to: &members)
            if phase == .minimum { Filling.dropSettled(of: &resources[resource], &members, terms) }
            resources[resource].unsettled = resources[resource].end - segment.begin
            let bound = Filling.lowerBound(of: resources[resource], known: 0, enough: .infinity, members, terms, &guesses)
            if bound < .infinity { heap.append(LevelHeap.Entry(bound: bound, resource: segment.resource, isExact: false)) }
        }
        heap.order(levels)
        return demands.count { terms[$0].weight != 0 }
    }

    private static func copy(_ source: [Int32], _ range: Range<Int>, to target: inout [Int32]) {
        let source = source.span
        var target = target.mutableSpan
        for index in range { target[index] = source[index] }
    }

    /// A bound that is proven and near the level of a resource over its unsettled members, or above `enough`; infinity where it
    /// certainly binds nobody.
    private static func lowerBound(
        of state: ResourceState, known: Double, enough: Double, _ members: [Int32], _ terms: [FillTerm],
        _ guesses: inout [ApproximateLevel.Terms]
    ) -> Double {
        let terms = terms.span
        let member = members.span
        var guesses = guesses.mutableSpan
        var sums = ApproximateLevel(residual: state.residual)
        let begin = Int(state.begin)
        let count = Int(state.end) - begin
        for group in 0..<count / 4 {
            let entry = begin + 4 * group
            let four = ApproximateLevel.Terms(
                terms[Int(member[entry])], terms[Int(member[entry + 1])], terms[Int(member[entry + 2])], terms[Int(member[entry + 3])])
            sums.add(four)
            guesses[group] = four
        }
        if count % 4 != 0 {
            let entry = begin + count / 4 * 4
            let four = ApproximateLevel.Terms(
                terms[Int(member[entry])], count % 4 > 1 ? terms[Int(member[entry + 1])] : .settled,
                count % 4 > 2 ? terms[Int(member[entry + 2])] : .settled, .settled)
            sums.add(four)
            guesses[count / 4] = four
        }
        let bound = sums.lowerBound(guesses.span, known: known, enough: enough)
        // A number finer than a level would seem to stand above an equal one.
        return bound < 0x1p-70 ? FillLevel(bound).lowerBound : bound
    }

    /// Drops the settled from a resource's members.
    private static func dropSettled(of state: inout ResourceState, _ members: inout [Int32], _ terms: [FillTerm]) {
        let terms = terms.span
        var member = members.mutableSpan
        var end = Int(state.begin)
        for entry in Int(state.begin)..<Int(state.end) {
            let demand = member[entry]
            if terms[Int(demand)].weight == 0 { continue }
            member[end] = demand
            end += 1
        }
        state.end = Int32(end)
    }

    /// The level of one resource over its unsettled members, rounded down, and what they get there, in `candidates`.
    ///
    /// `guess` tells who is likely held by a bound: where that proves consistent one division is enough.
    private static func exactLevel(
        of state: ResourceState, near guess: Double, notBelow proven: FillLevel, _ members: [Int32], _ terms: [FillTerm],
        _ candidates: inout [Candidate]
    ) -> FillLevel {
        let terms = terms.span
        let member = members.span
        var work = candidates.mutableSpan
        var count = 0
        var room = state.residual
        var held: FineRate = 0
        var weights: UInt64 = 0
        for entry in Int(state.begin)..<Int(state.end) {
            let term = terms[Int(member[entry])]
            if term.weight == 0 { continue }
            work[count].term = term
            work[count].demand = member[entry]
            count += 1
            room += term.lower
            let rate = ApproximateLevel.double(term.weight) * guess
            if rate < ApproximateLevel.double(term.lower) {
                held += term.lower
            } else if rate >= ApproximateLevel.double(term.upper) {
                held += term.upper
            } else {
                weights += term.weight
            }
        }
        var allFit = true
        var spare = room
        for index in 0..<count where allFit {
            allFit = allFit && work[index].term.upper <= spare
            spare &-= work[index].term.upper
        }
        if allFit { return .unbounded }
        if weights > 0 && held <= room {
            let level = max(FillLevel(room - held, dividedBy: weights), proven)
            var left = room
            var fits = true
            for index in 0..<count {
                let rate = work[index].term.rate(at: level)
                work[index].rate = rate
                fits = fits && rate <= left
                left &-= rate
            }
            // Right guesses use the room up to less than one part per member; nothing else matters.
            if fits, left <= FineRate(count) { return level }
        }
        return exactLevel(count, room: room, notBelow: proven, &work)
    }

    /// The same from scratch, for guesses that were wrong.
    private static func exactLevel(
        _ count: Int, room: FineRate, notBelow proven: FillLevel, _ work: inout MutableSpan<Candidate>
    ) -> FillLevel {
        var terms: [FillTerm] = []
        for index in 0..<count { terms.append(work[index].term) }
        let level = max(WaterLevel.find(&terms, room: room), proven)
        for index in 0..<count { work[index].rate = work[index].term.rate(at: level) }
        return level
    }

    /// The unsettled members of a resource and what they get at a level that was computed before.
    private static func gather(
        _ state: ResourceState, at level: FillLevel, _ members: [Int32], _ terms: [FillTerm], _ candidates: inout [Candidate]
    ) {
        var work = candidates.mutableSpan
        var count = 0
        for entry in Int(state.begin)..<Int(state.end) {
            let term = terms[Int(members[entry])]
            if term.weight == 0 { continue }
            work[count] = Candidate(term: term, rate: term.rate(at: level), demand: members[entry])
            count += 1
        }
    }

    /// Settles the members of a resource that has none lower beside it.
    private static func bind(
        _ count: Int, to resource: Int32, _ layout: AllocationLayout, _ candidates: [Candidate], _ terms: inout [FillTerm],
        _ rates: inout [FineRate], _ limits: inout [Int32], _ resources: inout [ResourceState]
    ) {
        let pathStart = layout.pathStart.span
        let path = layout.path.span
        let candidates = candidates.span
        var terms = terms.mutableSpan
        var rates = rates.mutableSpan
        var limits = limits.mutableSpan
        var resources = resources.mutableSpan
        for index in 0..<count {
            let candidate = candidates[index]
            let demand = Int(candidate.demand)
            terms[demand] = .settled
            rates[demand] = candidate.rate
            limits[demand] = candidate.rate == candidate.term.upper ? Filling.ownBound : resource
            take(candidate.rate, above: candidate.term.lower, Int(pathStart[demand])..<Int(pathStart[demand + 1]), path, &resources)
        }
    }

    /// Whoever crosses no resource that binds gets all it has use for.
    private static func settleRest(
        _ demands: Range<Int>, _ layout: AllocationLayout, _ terms: inout [FillTerm], _ rates: inout [FineRate],
        _ limits: inout [Int32], _ resources: inout [ResourceState]
    ) {
        let pathStart = layout.pathStart.span
        let path = layout.path.span
        var terms = terms.mutableSpan
        var rates = rates.mutableSpan
        var limits = limits.mutableSpan
        var resources = resources.mutableSpan
        for demand in demands {
            let term = terms[demand]
            if term.weight == 0 { continue }
            terms[demand] = .settled
            rates[demand] = term.upper
            limits[demand] = Filling.ownBound
            take(rates[demand], above: term.lower, Int(pathStart[demand])..<Int(pathStart[demand + 1]), path, &resources)
        }
    }

    /// Takes a settled rate off the resources on its path, of which its lower bound was taken before.
    @inline(__always)
    private static func take(
        _ rate: FineRate, above lower: FineRate, _ entries: Range<Int>, _ path: Span<Int32>,
        _ resources: inout MutableSpan<ResourceState>
    ) {
        let gain = rate - lower
        let bits = Int64(Rounding.wholeBits(rate))
        for entry in entries {
            let resource = Int(path[entry])
            resources[resource].residual -= gain
            resources[resource].used += bits
            resources[resource].unsettled -= 1
            resources[resource].isStale = true
        }
    }
}
