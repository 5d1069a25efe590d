/// Fills the tiers of one phase, one after another: progressive filling with a lazy heap, exact.
///
/// In a tier, each resource has a level: the highest at which its unsettled members, each `weight × level` held between its bounds,
/// fit into what the others leave of it (`WaterLevel`). The resource with the lowest level binds its members there; the room that
/// they leave elsewhere can only raise other levels. So whatever bounded a level from below still does, and a resource is looked
/// at only when its bound comes to the top of the heap: first by three sums, then by a search in floating point, last exactly.
/// Source: weighted max-min by water-filling (Bertsekas and Gallager, Data Networks, 6.5.2).
struct TierFilling {
    /// Stands for a demand's own upper bound among what binds demands.
    static var ownBound: Int32 { -1 }

    let layout: AllocationLayout
    let phase: AllocationCertificate.Phase
    let terms: PlainBuffer<FillTerm>
    let estimates: PlainBuffer<FillEstimate>
    let resources: PlainBuffer<FillResource>
    let levels: PlainBuffer<FillLevel>
    let isOpen: PlainBuffer<UInt8>
    let limits: PlainBuffer<Int32>
    let rateBits: PlainBuffer<Int64>
    let minimums: PlainBuffer<FineRate>
    let members: PlainBuffer<Int32>
    var queue: LevelQueue
    var search: LevelSearch

    init(_ layout: AllocationLayout, _ buffers: FillingBuffers, phase: AllocationCertificate.Phase, ownTerms: Bool) {
        self.layout = layout
        self.phase = phase
        terms = ownTerms ? buffers.terms : layout.terms
        estimates = ownTerms ? buffers.estimates : layout.estimates
        resources = buffers.resources
        levels = buffers.levels
        isOpen = buffers.isOpen
        limits = buffers.limits
        rateBits = buffers.rateBits
        minimums = buffers.minimums
        members = buffers.members
        queue = LevelQueue(buffers)
        search = LevelSearch(buffers, terms)
    }

    /// Settles the rates of a tier, and takes what they gain above their lower bounds off the residuals.
    mutating func fill(_ tier: Int, _ certificate: inout AllocationCertificate) {
        let demands = layout.demands(of: tier)
        var remaining = open(demands)
        enqueue(tier)
        while remaining > 0, let entry = queue.popLowest(resources) {
            guard resources[entry.resource].unsettled > 0 else { continue }
            guard settles(entry) else { continue }
            certificate.append(entry.resource, levels[entry.resource])
            remaining -= bind(entry.resource)
        }
        if remaining > 0 { settleRest(demands) }
    }

    /// Demands without a minimum take no part in the filling of minimums.
    private func open(_ demands: Range<Int>) -> Int {
        guard phase == .minimum else {
            isOpen.fill(1, demands)
            return demands.count
        }
        var count = 0
        for demand in demands {
            let takesPart = terms[demand].weight != 0
            isOpen[demand] = takesPart ? 1 : 0
            limits[demand] = TierFilling.ownBound
            minimums[demand] = 0
            count += takesPart ? 1 : 0
        }
        return count
    }

    /// Puts the resources that can bind into the heap.
    private mutating func enqueue(_ tier: Int) {
        queue.removeAll()
        for index in layout.segments(of: tier) {
            let segment = layout.segments[index]
            var gaps = 0.0
            var start = Double.infinity
            var weights: UInt64 = 0
            var unsettled: Int32 = 0
            for entry in Int(segment.begin)..<Int(segment.end) {
                let demand = members[entry]
                let estimate = estimates[demand]
                gaps += estimate.gap
                start = estimate.start < start ? estimate.start : start
                weights &+= terms[demand].weight
                unsettled &+= Int32(isOpen[demand])
            }
            var resource = resources[segment.resource]
            let left = resource.residual &+ FineRate(resource.crumbs)
            resource.residual = left & ~Rounding.crumbs
            resource.crumbs = UInt32(truncatingIfNeeded: left & Rounding.crumbs)
            resource.begin = segment.begin
            resource.end = segment.end
            resource.weights = weights
            resource.start = start
            resource.unsettled = unsettled
            resource.isStale = true
            resources[segment.resource] = resource
            if unsettled == 0 || FillSums.certainlyFit(gaps, FillEstimate.double(resource.residual)) { continue }
            queue.push(segment.resource, at: TierFilling.bound(resource), isExact: false)
        }
    }

    /// A level below which the members certainly fit: all of them rising together from where the first one leaves its bound.
    @inline(__always)
    private static func bound(_ resource: FillResource) -> Double {
        let level = resource.start + FillEstimate.double(resource.residual) / FillEstimate.double(resource.weights)
        return TierFilling.onGrid(level * (1 - 0x1p-46))
    }

    /// A number finer than a level would seem to stand above an equal one.
    @inline(__always)
    private static func onGrid(_ bound: Double) -> Double {
        bound < 0x1p-70 && bound > 0 ? FillLevel(bound).lowerBound : bound
    }

    /// Whether the resource at the top of the heap binds its members now, their rates found; else it is put back where its level
    /// may be, or dropped because it binds nobody.
    private mutating func settles(_ entry: LevelHeap.Entry) -> Bool {
        let number = Int(entry.resource)
        let resource = resources[number]
        let next = queue.lowest(resources)
        var bound = entry.bound
        if entry.isExact && !resource.isStale {
            gather(number)
            search.placeNear()
            return true
        }
        if resource.isStale {
            bound = max(bound, TierFilling.bound(resource))
            if let next, next.bound < bound { return putBack(entry, at: bound) }
        }
        let sums = gather(number)
        var guess = bound
        if resource.isStale {
            let residual = FillEstimate.double(resource.residual)
            if FillSums.certainlyFit(sums.gaps, residual) { return false }
            let found = search.approximate(sums, residual: residual, notBelow: bound)
            guess = found.level
            bound = max(bound, TierFilling.onGrid(found.bound))
            resources[number].isStale = false
            if let next, next.bound < bound { return putBack(entry, at: bound) }
        }
        let level = search.level(sums, residual: resource.residual, near: guess)
        if level == .unbounded { return false }
        levels[number] = level
        let exact = LevelHeap.Entry(bound: level.lowerBound, resource: entry.resource, isExact: true)
        guard let next, queue.precedes(next, exact) else { return true }
        queue.push(entry.resource, at: exact.bound, isExact: true)
        return false
    }

    private mutating func putBack(_ entry: LevelHeap.Entry, at bound: Double) -> Bool {
        queue.push(entry.resource, at: bound, isExact: false)
        return false
    }

    /// Collects the unsettled members of a resource and drops the others from its range.
    @discardableResult
    private mutating func gather(_ number: Int) -> FillSums {
        let begin = Int(resources[number].begin)
        var end = begin
        for entry in begin..<Int(resources[number].end) {
            let demand = members[entry]
            members[end] = demand
            end += Int(isOpen[demand])
        }
        resources[number].end = Int32(truncatingIfNeeded: end)
        return search.load(members, begin..<end, estimates)
    }

    /// Settles the members of a resource that has none lower beside it; answers how many.
    private func bind(_ resource: Int32) -> Int {
        let begin = Int(resources[resource].begin)
        let count = Int(resources[resource].end) - begin
        let level = levels[resource]
        for index in 0..<count {
            let demand = Int(members[begin + index])
            let term = terms[demand]
            switch search.places[index] {
            case .lower where term.lower < term.upper: settle(demand, term, term.lower, resource)
            case .lower, .upper: settle(demand, term, term.upper, TierFilling.ownBound)
            case .rising, .near:
                let rate = term.rate(at: level)
                settle(demand, term, rate, rate == term.upper ? TierFilling.ownBound : resource)
            }
        }
        return count
    }

    /// Whoever crosses no resource that binds gets all it has use for.
    private func settleRest(_ demands: Range<Int>) {
        for demand in demands where isOpen[demand] != 0 {
            settle(demand, terms[demand], terms[demand].upper, TierFilling.ownBound)
        }
    }

    /// Takes a settled rate off the resources on its path, of which its lower bound was taken before.
    @inline(__always)
    private func settle(_ demand: Int, _ term: FillTerm, _ rate: FineRate, _ limit: Int32) {
        let gain = rate &- term.lower
        let bits = Int64(truncatingIfNeeded: Rounding.wholeBits(rate))
        isOpen[demand] = 0
        limits[demand] = limit
        if phase == .minimum { minimums[demand] = rate } else { rateBits[demand] = bits }
        for entry in layout.entries(of: demand) {
            let number = Int(layout.path[entry])
            resources[number].residual &-= gain
            resources[number].weights &-= term.weight
            resources[number].used &+= bits
            resources[number].unsettled &-= 1
            resources[number].isStale = true
        }
    }
}
