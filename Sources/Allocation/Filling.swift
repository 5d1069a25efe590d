/// Progressive filling of one tier after another, exact, with buffers that are used again.
///
/// In a tier, each resource has a level: the largest λ at which its members' rates, `weight × λ` held between lower and upper
/// bound, fit into what the others leave of it. The resource with the lowest level binds its members at that level; the room that
/// they leave elsewhere can only raise other levels. So a level computed earlier is a lower bound of the level now, and a heap
/// whose entries are computed again only when they come to its top (a lazy heap) meets the resources in the right order.
/// Source: weighted max-min by water-filling (Bertsekas and Gallager, Data Networks, 6.5.2), levels per resource by variable
/// fixing (Kiwiel, "Variable fixing algorithms for the continuous quadratic knapsack problem").
struct Filling: Sendable {
    /// One demand while its tier is filled. Weight 0: its rate is settled, or it takes no part.
    struct Term: Sendable {
        var lower: FineRate
        var upper: UInt64
        var weight: UInt64
    }
    /// A demand that is settled by its own upper bound.
    static let ownBound: Int32 = -1

    /// The rate of each demand so far: lower bounds until its tier has been filled.
    var rates: [FineRate] = []
    /// What settled each demand: a resource, or `ownBound`.
    var limits: [Int32] = []
    /// Capacity of each resource less the rates of all demands that cross it.
    var residual: [FineRate] = []
    var certificate = AllocationCertificate()

    var terms: [Term] = []
    var need: [UInt64] = []
    /// Where a resource's members of the current tier begin and end.
    private var segmentStart: [Int32] = []
    private var segmentEnd: [Int32] = []
    /// The fill in which a resource was last met.
    private var lastFill: [Int32] = []
    private var fillNumber: Int32 = 0
    private var unsettled: [Int32] = []
    private var levels: [FillLevel] = []
    private var isStale: [Bool] = []
    private var touched: [Int32] = []
    private var heap = LevelHeap()
    private var work: [Term] = []

    mutating func reset(for layout: AllocationLayout) {
        let demandCount = layout.weights.count
        let resourceCount = layout.capacities.count
        certificate.removeAll()
        touched.removeAll(keepingCapacity: true)
        if terms.count != demandCount {
            rates = [FineRate](repeating: 0, count: demandCount)
            limits = [Int32](repeating: Filling.ownBound, count: demandCount)
            terms = [Term](repeating: Term(lower: 0, upper: 0, weight: 0), count: demandCount)
        }
        if residual.count != resourceCount {
            residual = [FineRate](repeating: 0, count: resourceCount)
            need = [UInt64](repeating: 0, count: resourceCount)
            segmentStart = [Int32](repeating: 0, count: resourceCount)
            segmentEnd = [Int32](repeating: 0, count: resourceCount)
            lastFill = [Int32](repeating: 0, count: resourceCount)
            unsettled = [Int32](repeating: 0, count: resourceCount)
            levels = [FillLevel](repeating: .zero, count: resourceCount)
            isStale = [Bool](repeating: false, count: resourceCount)
        }
        fillNumber = 0
        rewindSegments(layout)
    }

    /// Before a pass over all tiers: each resource's members begin with those of the first tier.
    mutating func rewindSegments(_ layout: AllocationLayout) {
        for resource in residual.indices {
            segmentEnd[resource] = layout.memberStart[resource]
            if fillNumber == 0 { lastFill[resource] = 0 }
        }
    }

    /// Settles the rates of a tier whose `terms` are set, and takes what they gain above their lower bounds off `residual`.
    mutating func fill(_ tier: Range<Int>, of layout: AllocationLayout, phase: AllocationCertificate.Phase, tierValue: Int) {
        gatherResources(tier, of: layout)
        heap.removeAll()
        for resource in touched {
            if unsettled[Int(resource)] == 0 { continue }
            let level = self.level(of: Int(resource), layout)
            levels[Int(resource)] = level
            isStale[Int(resource)] = false
            if level != .unbounded { heap.append(level, resource) }
        }
        heap.order()
        while let resource = heap.popLowest() {
            let index = Int(resource)
            if unsettled[index] == 0 { continue }
            if isStale[index] {
                isStale[index] = false
                let level = self.level(of: index, layout)
                if level > levels[index] {
                    levels[index] = level
                    if level != .unbounded { heap.push(level, resource) }
                    continue
                }
            }
            certificate.append(resource, levels[index])
            bind(to: resource, at: levels[index], layout)
        }
        settleRest(tier, layout)
        certificate.closeStep(phase, tier: tierValue)
    }

    /// Finds the resources that the tier crosses and the range of its members in each.
    private mutating func gatherResources(_ tier: Range<Int>, of layout: AllocationLayout) {
        touched.removeAll(keepingCapacity: true)
        fillNumber += 1
        for demand in tier {
            let takesPart: Int32 = terms[demand].weight == 0 ? 0 : 1
            for entry in Int(layout.pathStart[demand])..<Int(layout.pathStart[demand + 1]) {
                let resource = Int(layout.path[entry])
                if lastFill[resource] != fillNumber {
                    lastFill[resource] = fillNumber
                    touched.append(Int32(resource))
                    segmentStart[resource] = segmentEnd[resource]
                    unsettled[resource] = 0
                }
                unsettled[resource] += takesPart
                segmentEnd[resource] += 1
            }
        }
    }

    /// The level of one resource over its unsettled members, rounded down; `.unbounded` where all of them fit with their upper bounds.
    ///
    /// Shares what is there by weight alone, then fixes at their bounds those whose bound is certainly reached: where the lower
    /// bounds ask for more than the upper bounds give back, the true level is not above the trial, so whoever is below its lower
    /// bound stays there; and the other way round.
    private mutating func level(of resource: Int, _ layout: AllocationLayout) -> FillLevel {
        work.removeAll(keepingCapacity: true)
        var room = residual[resource]
        var weights: UInt64 = 0
        var uppers: FineRate = 0
        for entry in Int(segmentStart[resource])..<Int(segmentEnd[resource]) {
            let term = terms[Int(layout.member[entry])]
            if term.weight == 0 { continue }
            work.append(term)
            room += term.lower
            weights += term.weight
            uppers += FineRate(term.upper)
        }
        if uppers <= room >> 64 { return .unbounded }
        let all = room
        var undecided = work.count
        var notBelow = FillLevel.zero
        var notAbove = FillLevel.unbounded
        while true {
            let level = FillLevel(room, dividedBy: weights)
            var missing: FineRate = 0
            var spare: FineRate = 0
            for index in 0..<undecided {
                let term = work[index]
                let rate = level.times(term.weight)
                if rate < term.lower { missing += term.lower - rate }
                let upper = Rounding.fine(term.upper)
                if rate > upper { spare += rate - upper }
            }
            if missing == 0 && spare == 0 {
                return level >= notBelow && level <= notAbove ? level : levelByBisection(room: all)
            }
            let fixesLower = missing >= spare
            if fixesLower { notAbove = min(notAbove, level) } else { notBelow = max(notBelow, level) }
            var index = 0
            while index < undecided {
                let term = work[index]
                let rate = level.times(term.weight)
                let upper = Rounding.fine(term.upper)
                if fixesLower ? rate < term.lower : rate > upper {
                    room -= fixesLower ? term.lower : upper
                    weights -= term.weight
                    undecided -= 1
                    work.swapAt(index, undecided)
                } else {
                    index += 1
                }
            }
            if undecided == 0 { return levelByBisection(room: all) }
        }
    }

    /// The largest level at which the demands in `work` fit into `room`, bit by bit: slow, and right in the rare cases in which
    /// the roundings of trial levels (parts of 2⁻⁶⁴ bit/s) make variable fixing overshoot.
    private func levelByBisection(room: FineRate) -> FillLevel {
        func fits(_ level: FillLevel) -> Bool {
            var sum: FineRate = 0
            for term in work {
                sum += Filling.rate(term, at: level)
                if sum > room { return false }
            }
            return true
        }
        var words: [UInt64] = [0, 0, 0]
        for bit in 0..<192 {
            let mask: UInt64 = 1 << UInt64(63 - bit % 64)
            words[bit / 64] |= mask
            if !fits(FillLevel(high: words[0], middle: words[1], low: words[2])) { words[bit / 64] &= ~mask }
        }
        return FillLevel(high: words[0], middle: words[1], low: words[2])
    }

    @inline(__always)
    static func rate(_ term: Term, at level: FillLevel) -> FineRate {
        min(max(level.times(term.weight), term.lower), Rounding.fine(term.upper))
    }

    /// Settles every member of a resource that has none lower beside it.
    private mutating func bind(to resource: Int32, at level: FillLevel, _ layout: AllocationLayout) {
        for entry in Int(segmentStart[Int(resource)])..<Int(segmentEnd[Int(resource)]) {
            let demand = Int(layout.member[entry])
            let term = terms[demand]
            if term.weight == 0 { continue }
            let rate = Filling.rate(term, at: level)
            settle(demand, term, at: rate, limit: rate == Rounding.fine(term.upper) ? Filling.ownBound : resource, layout)
        }
    }

    /// Whoever crosses no resource that binds gets all it has use for.
    private mutating func settleRest(_ tier: Range<Int>, _ layout: AllocationLayout) {
        for demand in tier where terms[demand].weight != 0 {
            settle(demand, terms[demand], at: Rounding.fine(terms[demand].upper), limit: Filling.ownBound, layout)
        }
    }

    @inline(__always)
    private mutating func settle(_ demand: Int, _ term: Term, at rate: FineRate, limit: Int32, _ layout: AllocationLayout) {
        terms[demand].weight = 0
        rates[demand] = rate
        limits[demand] = limit
        let gain = rate - term.lower
        for entry in Int(layout.pathStart[demand])..<Int(layout.pathStart[demand + 1]) {
            let resource = Int(layout.path[entry])
            residual[resource] -= gain
            unsettled[resource] -= 1
            isStale[resource] = true
        }
    }
}
