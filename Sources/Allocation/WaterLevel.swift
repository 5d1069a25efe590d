/// One demand on one resource, as the filling sees it.
struct FillTerm: Sendable {
    var lower: FineRate
    var upper: FineRate
    /// 0: its rate is settled, or it takes no part.
    var weight: UInt64

    static let settled = FillTerm(lower: 0, upper: 0, weight: 0)

    /// What it gets at a level, held between its bounds.
    @inline(__always)
    func rate(at level: FillLevel) -> FineRate {
        min(max(level.times(weight), lower), upper)
    }
}

/// The level at which some demands share one room.
enum WaterLevel {
    /// The level at which the rates of `terms` use up `room`, rounded down; `.unbounded` where all fit with their upper bounds.
    /// The room holds at least the lower bounds. The order of `terms` changes.
    ///
    /// Shares what is there by weight alone, then fixes those whose bound is certainly reached: where the lower bounds ask for more
    /// than the upper bounds give back, the true level is not above the trial, so whoever is below its lower bound stays there; and
    /// the other way round. Each round fixes somebody; few rounds are needed.
    /// Source: variable fixing (Kiwiel 2008, "Variable fixing algorithms for the continuous quadratic knapsack problem").
    static func find(_ terms: inout [FillTerm], room all: FineRate) -> FillLevel {
        var room = all
        var weights: UInt64 = 0
        var spare = all
        var allFit = true
        for term in terms {
            weights += term.weight
            allFit = allFit && term.upper <= spare
            spare &-= term.upper
        }
        if allFit { return .unbounded }
        var undecided = terms.count
        var notBelow = FillLevel.zero
        var notAbove = FillLevel.unbounded
        while undecided > 0 {
            let level = FillLevel(room, dividedBy: weights)
            var missing: FineRate = 0
            var spare: FineRate = 0
            for index in 0..<undecided {
                let rate = level.times(terms[index].weight)
                let upper = terms[index].upper
                if rate < terms[index].lower { missing += terms[index].lower - rate }
                if rate > upper { spare += rate - upper }
            }
            if missing == 0 && spare == 0 {
                guard notBelow <= level && level <= notAbove else { break }
                return level
            }
            let fixesLower = missing >= spare
            if fixesLower { notAbove = min(notAbove, level) } else { notBelow = max(notBelow, level) }
            var index = 0
            while index < undecided {
                let rate = level.times(terms[index].weight)
                let upper = terms[index].upper
                guard fixesLower ? rate < terms[index].lower : rate > upper else {
                    index += 1
                    continue
                }
                room -= fixesLower ? terms[index].lower : upper
                weights -= terms[index].weight
                undecided -= 1
                terms.swapAt(index, undecided)
            }
        }
        return bisect(terms, room: all)
    }

    /// The largest level at which `terms` fit into `room`, bit by bit: slow, and right in the rare cases in which the rounding of
    /// trial levels (parts of 2⁻⁶⁴ bit/s) makes variable fixing overshoot.
    static func bisect(_ terms: [FillTerm], room: FineRate) -> FillLevel {
        var words: [UInt64] = [0, 0, 0]
        for bit in 0..<192 {
            let mask: UInt64 = 1 << UInt64(63 - bit % 64)
            words[bit / 64] |= mask
            let trial = FillLevel(high: words[0], middle: words[1], low: words[2])
            if !fit(terms, at: trial, room: room) { words[bit / 64] &= ~mask }
        }
        return FillLevel(high: words[0], middle: words[1], low: words[2])
    }

    private static func fit(_ terms: [FillTerm], at level: FillLevel, room: FineRate) -> Bool {
        var sum: FineRate = 0
        for term in terms {
            let rate = term.rate(at: level)
            guard rate <= room, sum <= room - rate else { return false }
            sum += rate
        }
        return true
    }
}
