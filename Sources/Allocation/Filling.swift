/// Progressive filling of one tier after another, exact, with buffers that are used again.
///
/// In a tier, each resource has a level: the largest λ at which its members' rates, `weight × λ` held between lower and upper
/// bound, fit into what the others leave of it. The resource with the lowest level binds its members at that level; the room that
/// they leave elsewhere can only raise other levels. So a level computed earlier is a lower bound of the level now, and a heap
/// whose entries are computed again only when they come to its top (a lazy heap) meets the resources in the right order.
/// Source: weighted max-min by water-filling (Bertsekas and Gallager, Data Networks, 6.5.2).
struct Filling: Sendable {
    /// A demand that is settled by its own upper bound.
    static let ownBound: Int32 = -1

    /// The rate of each demand so far: lower bounds until its tier has been filled.
    var rates: [FineRate] = []
    /// What settled each demand: a resource, or `ownBound`.
    var limits: [Int32] = []
    /// Capacity of each resource less the rates of all demands that cross it.
    var residual: [FineRate] = []
    var certificate = AllocationCertificate()

    var terms: [FillTerm] = []
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
    private var work: [FillTerm] = []

    mutating func reset(for layout: AllocationLayout) {
        let demandCount = layout.weights.count
        let resourceCount = layout.capacities.count
        certificate.removeAll()
        touched.removeAll(keepingCapacity: true)
        if terms.count != demandCount {
            rates = [FineRate](repeating: 0, count: demandCount)
            limits = [Int32](repeating: Filling.ownBound, count: demandCount)
            terms = [FillTerm](repeating: FillTerm(lower: 0, upper: 0, weight: 0), count: demandCount)
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

    /// The level of one resource over its unsettled members.
    private mutating func level(of resource: Int, _ layout: AllocationLayout) -> FillLevel {
        work.removeAll(keepingCapacity: true)
        var room = residual[resource]
        for entry in Int(segmentStart[resource])..<Int(segmentEnd[resource]) {
            let term = terms[Int(layout.member[entry])]
            if term.weight == 0 { continue }
            work.append(term)
            room += term.lower
        }
        return WaterLevel.find(&work, room: room)
    }

    /// Settles every member of a resource that has none lower beside it.
    private mutating func bind(to resource: Int32, at level: FillLevel, _ layout: AllocationLayout) {
        for entry in Int(segmentStart[Int(resource)])..<Int(segmentEnd[Int(resource)]) {
            let demand = Int(layout.member[entry])
            let term = terms[demand]
            if term.weight == 0 { continue }
            let rate = term.rate(at: level)
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
    private mutating func settle(_ demand: Int, _ term: FillTerm, at rate: FineRate, limit: Int32, _ layout: AllocationLayout) {
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
