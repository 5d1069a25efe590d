/// How levels that may be wrong are corrected, tier by tier, lowest first.
extension IncrementalState {
    /// A full solve finds each level about once; where correcting takes more than this many per resource it has lost its way.
    private static var mostCorrections: Int { 4 }

    /// Corrects all levels that may be wrong and the rates that rest on them; nil where it gives up.
    mutating func correct() -> IncrementalAllocation.Effort? {
        var effort = IncrementalAllocation.Effort()
        let most = IncrementalState.mostCorrections * max(16, levels.count)
        for tier in tiers.indices {
            var touched: [Int32] = []
            guard correctLevels(tier, &touched, &effort, most: most) else { return nil }
            for slot in changed where slots[slot].tier == tier { touched.append(Int32(slot)) }
            for slot in touched { correctRate(Int(slot), &effort) }
        }
        changed.removeAll(keepingCapacity: true)
        return effort
    }

    private mutating func correctRate(_ slot: Int, _ effort: inout IncrementalAllocation.Effort) {
        let (level, limit) = lowest(slot, slots[slot].tier, except: -1)
        let rate = level == .unbounded ? slots[slot].term.upper : slots[slot].term.rate(at: level)
        effort.touched += 1
        if Rounding.wholeBits(rate) != Rounding.wholeBits(slots[slot].rate) { effort.moved += 1 }
        setRate(slot, rate, rate == slots[slot].term.upper ? TierFilling.ownBound : limit)
    }

    private mutating func correctLevels(
        _ tier: Int, _ touched: inout [Int32], _ effort: inout IncrementalAllocation.Effort, most: Int
    ) -> Bool {
        var rows = takeDoubtful(tier)
        while let row = rows.popLowest() {
            isDoubtful[row] = false
            effort.levels += 1
            guard effort.levels <= most else { return false }
            let resource = Int32(row - tier * rowCount)
            let before = levels[row]
            gather(row, resource, tier)
            let level = search.level(of: resource, residual: residuals[row] & ~Rounding.crumbs)
            guard level != before else { continue }
            levels[row] = level
            touched += members[row]
            doubtNeighbours(of: row, resource, tier, above: min(level, before), &rows)
        }
        return true
    }

    private mutating func takeDoubtful(_ tier: Int) -> DoubtQueue {
        let range = tier * rowCount..<(tier + 1) * rowCount
        var rows = DoubtQueue()
        for row in doubtful where range.contains(row) { rows.push(row, at: levels[row].lowerBound) }
        doubtful.removeAll(where: range.contains)
        return rows
    }

    /// Hands the members of a resource to the search, each with the lowest level that it meets elsewhere.
    private mutating func gather(_ row: Int, _ resource: Int32, _ tier: Int) {
        search.removeAll()
        for slot in members[row] {
            let (level, place) = lowest(Int(slot), tier, except: resource)
            search.add(RootSearch.Member(term: hot[Int(slot)].term, level: level, resource: place))
        }
    }

    /// A level moved: those that are not below it may rest on it.
    private mutating func doubtNeighbours(of row: Int, _ resource: Int32, _ tier: Int, above level: FillLevel, _ rows: inout DoubtQueue) {
        for slot in members[row] {
            for other in slots[Int(slot)].path where other != resource {
                let row = tier * rowCount + Int(other)
                guard !isDoubtful[row], !(levels[row] < level) else { continue }
                isDoubtful[row] = true
                rows.push(row, at: levels[row].lowerBound)
            }
        }
    }
}

/// The rows whose levels are to be found again, lowest first: a heap.
struct DoubtQueue {
    private var entries: [(level: Double, row: Int)] = []

    mutating func push(_ row: Int, at level: Double) {
        entries.append((level, row))
        var index = entries.count - 1
        while index > 0, entries[index].level < entries[(index - 1) / 2].level {
            entries.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    mutating func popLowest() -> Int? {
        guard let first = entries.first, let last = entries.popLast() else { return nil }
        guard !entries.isEmpty else { return first.row }
        entries[0] = last
        var index = 0
        while true {
            var child = 2 * index + 1
            guard child < entries.count else { break }
            if child + 1 < entries.count, entries[child + 1].level < entries[child].level { child += 1 }
            guard entries[child].level < entries[index].level else { break }
            entries.swapAt(child, index)
            index = child
        }
        return first.row
    }
}
