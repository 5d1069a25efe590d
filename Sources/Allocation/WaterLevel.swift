/// One demand on one resource, as the filling sees it.
struct FillTerm: Sendable, BitwiseCopyable {
    var lower: FineRate
    var upper: FineRate
    /// 0: it takes no part.
    var weight: UInt64

    static var none: FillTerm { FillTerm(lower: 0, upper: 0, weight: 0) }

    /// What it gets at a level, held between its bounds.
    @inline(__always)
    func rate(at level: FillLevel) -> FineRate {
        min(max(level.times(weight), lower), upper)
    }
}

/// The level at which some demands share one room: the highest whole number of 2⁻¹²⁸ at which their rates, before any rounding,
/// add up to no more than the room.
///
/// It depends on the demands and the room alone, never on how it was found. And where some demands are settled at a lower level
/// and leave with their rates rounded down, the level of the others does not fall: what fitted before rounding fits after it. So
/// resources can be settled lowest first, whatever is known of the others.
enum WaterLevel {
    /// The level of `terms`, all of positive weight; `.unbounded` where all fit with their upper bounds.
    /// The room holds at least the lower bounds.
    ///
    /// Searches the levels at which somebody leaves a bound or reaches one, in exact arithmetic: right in every case, and slow. The
    /// filling asks it only where its own guess does not prove consistent.
    static func find(_ terms: [FillTerm], room: FineRate) -> FillLevel {
        // No upper bound that is above the room is ever reached; cut off, the sums stay below 2¹²⁷.
        let terms = terms.map { FillTerm(lower: $0.lower, upper: min($0.upper, room + 1), weight: $0.weight) }
        if terms.reduce(FineRate(0), { $0 + $1.upper }) <= room { return .unbounded }
        var turns = [Turn(rate: 0, weight: 1)]
        for term in terms { turns += [Turn(rate: term.lower, weight: term.weight), Turn(rate: term.upper, weight: term.weight)] }
        turns.sort()
        var last = 0
        var beyond = turns.count
        while last + 1 < beyond {
            let middle = (last + beyond) / 2
            if fits(terms, at: turns[middle], room: room) { last = middle } else { beyond = middle }
        }
        // From the last turn that fits, some rise together and use the rest up.
        var rest = room
        var weights: UInt64 = 0
        for term in terms {
            switch turns[last].place(of: term) {
            case .before: rest -= term.lower
            case .behind: rest -= term.upper
            case .between: weights += term.weight
            }
        }
        return FillLevel(rest, dividedBy: weights)
    }

    private static func fits(_ terms: [FillTerm], at turn: Turn, room: FineRate) -> Bool {
        var held: FineRate = 0
        var weights: UInt64 = 0
        for term in terms {
            switch turn.place(of: term) {
            case .before: held += term.lower
            case .behind: held += term.upper
            case .between: weights += term.weight
            }
        }
        guard held <= room else { return false }
        return WideProduct(turn.rate, weights) <= WideProduct(room - held, turn.weight)
    }

    /// A level as a fraction: where a term leaves its lower bound or reaches its upper one.
    private struct Turn: Comparable {
        let rate: FineRate
        let weight: UInt64

        enum Place { case before, between, behind }

        /// Whether a term, just above this level, is at its lower bound, rising, or at its upper bound.
        func place(of term: FillTerm) -> Place {
            let own = WideProduct(rate, term.weight)
            if own < WideProduct(term.lower, weight) { return .before }
            return own < WideProduct(term.upper, weight) ? .between : .behind
        }

        static func < (left: Turn, right: Turn) -> Bool {
            WideProduct(left.rate, right.weight) < WideProduct(right.rate, left.weight)
        }
        static func == (left: Turn, right: Turn) -> Bool {
            WideProduct(left.rate, right.weight) == WideProduct(right.rate, left.weight)
        }
    }
}

/// A rate times a weight, exact: three words.
struct WideProduct: Comparable {
    private let top: UInt128
    private let bottom: UInt64

    @inline(__always)
    init(_ rate: FineRate, _ weight: UInt64) {
        let low = UInt64(truncatingIfNeeded: rate).multipliedFullWidth(by: weight)
        top = UInt128(UInt64(truncatingIfNeeded: rate >> 64)) &* UInt128(weight) &+ UInt128(low.high)
        bottom = low.low
    }

    @inline(__always)
    static func < (left: WideProduct, right: WideProduct) -> Bool {
        left.top != right.top ? left.top < right.top : left.bottom < right.bottom
    }
}
