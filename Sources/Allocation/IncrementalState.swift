import Quantities

/// What an incremental allocation knows: demands in slots, and by tier and resource a level, what is left to share, and members.
struct IncrementalState: Sendable {
    struct Slot: Sendable {
        var id: String
        var cluster: ClusterID
        var term: FillTerm
        /// Sorted.
        var path: [Int32]
        var tier: Int
        var rate: FineRate
        var limit: Int32 = TierFilling.ownBound
    }

    private(set) var resources: [AllocationResource]
    private(set) var resourceIndex: [AllocationResource.Kind: [String: Int32]] = [:]
    var slots: [Slot] = []
    /// By slot, what the search for a level reads, side by side: the slot's term, and its path as a range of `paths`.
    private(set) var hot: [Hot] = []
    private var paths: [Int32] = []

    struct Hot: Sendable, BitwiseCopyable {
        var term = FillTerm.none
        var begin: Int32 = 0
        var end: Int32 = 0
    }
    private var free: [Int] = []
    private(set) var indices: [String: Int] = [:]
    /// The values of the tiers, ascending; one that lost its last demand stays.
    private(set) var tiers: [Int]
    // By tier and resource, row by row.
    var levels: [FillLevel] = []
    /// Capacity less the rates of the tiers before and the lower bounds of the others.
    var residuals: [FineRate] = []
    var members: [[Int32]] = []
    /// By resource: the sum of minimums, and of whole rates.
    private var minimums: [FineRate]
    private var used: [Int64]
    private(set) var overfull = 0
    private(set) var weightSum: UInt64 = 0
    private(set) var minimumSum: UInt64 = 0
    /// The resources whose levels may be wrong, by tier and resource, and the demands whose terms changed.
    var doubtful: [Int] = []
    var isDoubtful: [Bool] = []
    var changed: [Int] = []
    /// The full answer, for as long as minimums do not fit.
    private var infeasible: AllocationResult?
    var search = RootSearch()

    init(_ instance: AllocationInstance) {
        resources = instance.resources
        tiers = instance.tiers
        minimums = [FineRate](repeating: 0, count: resources.count)
        used = [Int64](repeating: 0, count: resources.count)
        for (index, resource) in resources.enumerated() { resourceIndex[resource.kind, default: [:]][resource.id] = Int32(index) }
        makeRows()
        for demand in instance.demands { insert(slot(for: demand)) }
        believeAll()
    }

    var rowCount: Int { resources.count }

    private mutating func makeRows() {
        let count = tiers.count * resources.count
        levels = [FillLevel](repeating: .unbounded, count: count)
        members = [[Int32]](repeating: [], count: count)
        isDoubtful = [Bool](repeating: false, count: count)
        // A demand is put in before its rate is known.
        residuals = (0..<count).map { capacity(of: resources[$0 % max(1, resources.count)]) }
    }

    private func capacity(of resource: AllocationResource) -> FineRate {
        Rounding.fine(resource.capacity.bitsPerSecond, fraction: resource.capacityFraction)
    }

    func demand(_ slot: Int) -> AllocationDemand {
        let slot = slots[slot]
        let isUnlimited = slot.term.upper == AllocationLayout.unlimited
        var demand = AllocationDemand(
            id: slot.id, cluster: slot.cluster, resources: slot.path.map(Int.init),
            minimum: BitRate(bitsPerSecond: Int64(slot.term.lower >> 64)),
            maximum: isUnlimited ? nil : BitRate(bitsPerSecond: Int64(slot.term.upper >> 64)), weight: Int64(slot.term.weight),
            tier: tiers[slot.tier])
        demand.minimumFraction = UInt64(truncatingIfNeeded: slot.term.lower)
        demand.maximumFraction = isUnlimited ? 0 : UInt64(truncatingIfNeeded: slot.term.upper)
        return demand
    }

    // MARK: - Changes

    mutating func make(_ change: AllocationChange) {
        switch change {
        case .minimum(let id, let rate):
            let slot = indices[id]!
            setLower(slot, Rounding.fine(rate.bitsPerSecond, fraction: 0))
        case .maximum(let id, let rate):
            let slot = indices[id]!
            slots[slot].term.upper = rate.map { Rounding.fine($0.bitsPerSecond, fraction: 0) } ?? AllocationLayout.unlimited
            hot[slot].term.upper = slots[slot].term.upper
            doubt(slot)
        case .weight(let id, let weight):
            let slot = indices[id]!
            weightSum = weightSum - slots[slot].term.weight + UInt64(weight)
            slots[slot].term.weight = UInt64(weight)
            hot[slot].term.weight = UInt64(weight)
            doubt(slot)
        case .tier(let id, let tier):
            let slot = indices[id]!
            let moved = slots[slot]
            remove(slot)
            insert(Slot(
                id: id, cluster: moved.cluster, term: moved.term, path: moved.path, tier: tierIndex(tier), rate: moved.term.lower))
        case .add(let demand): insert(slot(for: demand))
        case .remove(let id): remove(indices[id]!)
        case .capacity(let kind, let id, let capacity): setCapacity(Int(resourceIndex[kind]![id]!), capacity)
        }
    }

    private mutating func setLower(_ slot: Int, _ lower: FineRate) {
        let before = slots[slot].term.lower
        slots[slot].term.lower = lower
        hot[slot].term.lower = lower
        minimumSum = minimumSum - UInt64(before >> 64) + UInt64(lower >> 64)
        for resource in slots[slot].path { move(Int(resource), minimum: lower &- before, through: slots[slot].tier) }
        changed.append(slot)
    }

    /// A sum of minimums moves: in all tiers up to the demand's own, whose rates come later, it is taken off what is left.
    private mutating func move(_ resource: Int, minimum change: FineRate, through tier: Int) {
        let capacity = capacity(of: resources[resource])
        let wasOverfull = minimums[resource] > capacity
        minimums[resource] = minimums[resource] &+ change
        overfull += (minimums[resource] > capacity ? 1 : 0) - (wasOverfull ? 1 : 0)
        guard change != 0 else { return doubt(resource, tier) }
        for earlier in 0...tier { leave(change, less: earlier, resource) }
        doubt(resource, tier)
    }

    private mutating func setCapacity(_ resource: Int, _ rate: BitRate) {
        let before = capacity(of: resources[resource])
        let wasOverfull = minimums[resource] > before
        resources[resource] = AllocationResource(kind: resources[resource].kind, id: resources[resource].id, capacity: rate)
        let after = capacity(of: resources[resource])
        overfull += (minimums[resource] > after ? 1 : 0) - (wasOverfull ? 1 : 0)
        for tier in tiers.indices { leave(before &- after, less: tier, resource) }
    }

    private mutating func slot(for demand: AllocationDemand) -> Slot {
        let term = AllocationLayout.term(demand)
        return Slot(
            id: demand.id, cluster: demand.cluster, term: term, path: demand.resources.sorted().map(Int32.init),
            tier: tierIndex(demand.tier), rate: term.lower)
    }

    /// Puts a demand in with its lower bound; its rate is corrected later.
    private mutating func insert(_ new: Slot) {
        let slot = free.popLast() ?? slots.count
        if slot == slots.count { slots.append(new) } else { slots[slot] = new }
        if slot == hot.count { hot.append(Hot()) }
        layOut(slot)
        indices[new.id] = slot
        weightSum += new.term.weight
        minimumSum += UInt64(new.term.lower >> 64)
        let bits = Int64(Rounding.wholeBits(new.term.lower))
        for resource in new.path {
            members[new.tier * rowCount + Int(resource)].append(Int32(slot))
            used[Int(resource)] += bits
            move(Int(resource), minimum: new.term.lower, through: new.tier)
            take(new.term.lower, on: Int(resource), after: new.tier)
        }
        changed.append(slot)
    }

    /// Writes a slot's path down; over its last one where that was as long.
    private mutating func layOut(_ slot: Int) {
        let path = slots[slot].path
        hot[slot].term = slots[slot].term
        if Int(hot[slot].end - hot[slot].begin) < path.count {
            hot[slot].begin = Int32(paths.count)
            paths += path
        } else {
            for (index, resource) in path.enumerated() { paths[Int(hot[slot].begin) + index] = resource }
        }
        hot[slot].end = hot[slot].begin + Int32(path.count)
    }

    private mutating func remove(_ slot: Int) {
        let gone = slots[slot]
        indices[gone.id] = nil
        free.append(slot)
        weightSum -= gone.term.weight
        minimumSum -= UInt64(gone.term.lower >> 64)
        let bits = Int64(Rounding.wholeBits(gone.rate))
        for resource in gone.path {
            let row = gone.tier * rowCount + Int(resource)
            if let place = members[row].firstIndex(of: Int32(slot)) {
                members[row].swapAt(place, members[row].count - 1)
                members[row].removeLast()
            }
            used[Int(resource)] -= bits
            move(Int(resource), minimum: 0 &- gone.term.lower, through: gone.tier)
            take(0 &- gone.rate, on: Int(resource), after: gone.tier)
        }
    }

    /// A rate moved: later tiers have less left.
    private mutating func take(_ change: FineRate, on resource: Int, after tier: Int) {
        guard change != 0 else { return }
        for later in tier + 1..<max(tier + 1, tiers.count) { leave(change, less: later, resource) }
    }

    /// A tier finds less on a resource. Where only crumbs moved it finds the same.
    private mutating func leave(_ change: FineRate, less tier: Int, _ resource: Int) {
        let row = tier * rowCount + resource
        let before = residuals[row]
        residuals[row] = before &- change
        if (before ^ residuals[row]) & ~Rounding.crumbs != 0 { doubt(resource, tier) }
    }

    mutating func setRate(_ slot: Int, _ rate: FineRate, _ limit: Int32) {
        let before = slots[slot].rate
        slots[slot].limit = limit
        guard rate != before else { return }
        slots[slot].rate = rate
        let bits = Int64(Rounding.wholeBits(rate)) - Int64(Rounding.wholeBits(before))
        for resource in slots[slot].path {
            used[Int(resource)] += bits
            take(rate &- before, on: Int(resource), after: slots[slot].tier)
        }
    }

    private mutating func tierIndex(_ value: Int) -> Int {
        if let index = tiers.firstIndex(of: value) { return index }
        let index = tiers.firstIndex { $0 > value } ?? tiers.count
        // What is left in a tier without demands is what is left in the next; behind the last, what all rates leave.
        let row = index < tiers.count ? Array(residuals[index * rowCount..<(index + 1) * rowCount]) : leftOver()
        tiers.insert(value, at: index)
        residuals.insert(contentsOf: row, at: index * rowCount)
        levels.insert(contentsOf: [FillLevel](repeating: .unbounded, count: rowCount), at: index * rowCount)
        members.insert(contentsOf: [[Int32]](repeating: [], count: rowCount), at: index * rowCount)
        isDoubtful.insert(contentsOf: [Bool](repeating: false, count: rowCount), at: index * rowCount)
        doubtful = doubtful.map { $0 >= index * rowCount ? $0 + rowCount : $0 }
        for slot in slots.indices where slots[slot].tier >= index { slots[slot].tier += 1 }
        return index
    }

    private func leftOver() -> [FineRate] {
        var left = resources.map(capacity)
        for slot in indices.values { for resource in slots[slot].path { left[Int(resource)] = left[Int(resource)] &- slots[slot].rate } }
        return left
    }

    private mutating func doubt(_ slot: Int) {
        changed.append(slot)
        for resource in slots[slot].path { doubt(Int(resource), slots[slot].tier) }
    }

    mutating func doubt(_ resource: Int, _ tier: Int) {
        let row = tier * rowCount + resource
        guard !isDoubtful[row], !members[row].isEmpty || levels[row] != .unbounded else { return }
        isDoubtful[row] = true
        doubtful.append(row)
    }

    private mutating func believeAll() {
        for row in isDoubtful.indices { isDoubtful[row] = false }
        doubtful.removeAll(keepingCapacity: true)
        changed.removeAll(keepingCapacity: true)
    }

    // MARK: - Full answers

    /// Takes a full answer over.
    mutating func adopt(_ result: AllocationResult, of instance: AllocationInstance) {
        believeAll()
        infeasible = overfull == 0 ? nil : result
        guard overfull == 0 else { return adoptRates(result, instance) }
        for row in levels.indices { levels[row] = .unbounded }
        var begin = 0
        for step in result.certificate.steps {
            guard let tier = tiers.firstIndex(of: step.tier) else { preconditionFailure("the answer knows no other tiers") }
            for entry in result.certificate.levels[begin..<step.end] { levels[tier * rowCount + Int(entry.resource)] = entry.level }
            begin = step.end
        }
        rebuildResiduals()
    }

    /// Where minimums do not fit only what was answered is known.
    private mutating func adoptRates(_ result: AllocationResult, _ instance: AllocationInstance) {
        for (index, demand) in instance.demands.enumerated() {
            let slot = indices[demand.id]!
            slots[slot].rate = Rounding.fine(result.rate(of: index).bitsPerSecond, fraction: 0)
            slots[slot].limit = if case .resource(let resource) = result.limit(of: index) { Int32(resource) } else { TierFilling.ownBound }
        }
    }

    private mutating func rebuildResiduals() {
        var left = resources.map(capacity)
        used = [Int64](repeating: 0, count: resources.count)
        for slot in indices.values {
            for resource in slots[slot].path { left[Int(resource)] = left[Int(resource)] &- slots[slot].term.lower }
        }
        for tier in tiers.indices {
            for resource in resources.indices { residuals[tier * rowCount + resource] = left[resource] }
            for slot in indices.values where slots[slot].tier == tier {
                let (level, limit) = lowest(slot, tier, except: -1)
                let rate = level == .unbounded ? slots[slot].term.upper : slots[slot].term.rate(at: level)
                slots[slot].rate = rate
                slots[slot].limit = rate == slots[slot].term.upper ? TierFilling.ownBound : limit
                for resource in slots[slot].path {
                    left[Int(resource)] = left[Int(resource)] &- (rate &- slots[slot].term.lower)
                    used[Int(resource)] += Int64(Rounding.wholeBits(rate))
                }
            }
        }
    }

    /// The lowest level on a demand's path, one resource aside, and the first resource that has it.
    @inline(__always)
    func lowest(_ slot: Int, _ tier: Int, except aside: Int32) -> (FillLevel, Int32) {
        var level = FillLevel.unbounded
        var place = TierFilling.ownBound
        let row = tier * rowCount
        for entry in Int(hot[slot].begin)..<Int(hot[slot].end) {
            let resource = paths[entry]
            if resource == aside { continue }
            let own = levels[row + Int(resource)]
            if own < level {
                level = own
                place = resource
            }
        }
        return (level, place)
    }

    func result(for instance: AllocationInstance) -> AllocationResult {
        if let infeasible { return infeasible }
        var certificate = AllocationCertificate()
        for (tier, value) in tiers.enumerated() {
            let bound = resources.indices.filter { levels[tier * rowCount + $0] != .unbounded }.sorted {
                let (a, b) = (levels[tier * rowCount + $0], levels[tier * rowCount + $1])
                return a == b ? $0 < $1 : a < b
            }
            for resource in bound { certificate.append(Int32(resource), levels[tier * rowCount + resource]) }
            certificate.closeStep(.excess, tier: value)
        }
        let order = instance.demands.map { indices[$0.id]! }
        let hasLevel = Set(certificate.levels.map { Int($0.resource) })
        return AllocationResult(
            minimums: instance.layout.minimumBits.map { BitRate(bitsPerSecond: $0) },
            rates: order.map { BitRate(bitsPerSecond: Int64(Rounding.wholeBits(slots[$0].rate))) },
            limits: order.map { slots[$0].limit < 0 ? nil : Int(slots[$0].limit) },
            used: used.map { BitRate(bitsPerSecond: $0) },
            saturated: resources.indices.map { hasLevel.contains($0) || used[$0] == resources[$0].capacity.bitsPerSecond },
            shortfalls: [], certificate: certificate)
    }
}
