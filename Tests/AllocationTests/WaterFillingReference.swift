import Allocation
import Quantities

/// Weighted max-min by the book: raise one level for all, stop at each event, in exact fractions. Slow and obvious.
/// It shares nothing with the product: that one computes a level per resource, this one a level for the whole tier.
struct WaterFillingReference {
    let capacities: [Fraction]
    let demands: [AllocationDemand]
    let leasts: [Fraction]
    let mosts: [Fraction?]
    private(set) var minimums: [Fraction]
    private(set) var rates: [Fraction]

    /// Nil where the fractions grow beyond 128 bits.
    init?(resources: [AllocationResource], demands: [AllocationDemand]) {
        capacities = resources.map { Fraction($0.capacity, $0.capacityFraction) }
        leasts = demands.map { Fraction($0.minimum, $0.minimumFraction) }
        mosts = demands.map { demand in demand.maximum.map { Fraction($0, demand.maximumFraction) } }
        self.demands = demands
        minimums = demands.map { _ in Fraction(0) }
        rates = minimums
        do {
            try fillMinimums()
            try fillExcess()
        } catch { return nil }
    }

    private mutating func fillMinimums() throws {
        for tier in tiers {
            let members = demands.indices.filter { demands[$0].tier == tier && leasts[$0] > Fraction(0) }
            try raise(members, weights: leasts, lower: minimums, upper: leasts, of: &minimums)
        }
    }

    private mutating func fillExcess() throws {
        rates = minimums
        for tier in tiers {
            let members = demands.indices.filter { demands[$0].tier == tier }
            try raise(
                members, weights: demands.map { Fraction($0.weight) }, lower: minimums, upper: mosts, of: &rates)
        }
    }

    private var tiers: [Int] { Set(demands.map(\.tier)).sorted() }

    /// From level 0: the next event is the lowest level at which a member leaves its lower bound, reaches its upper bound, or
    /// a resource on which members rise becomes full. Members cross full resources no higher.
    private func raise(
        _ members: [Int], weights: [Fraction], lower: [Fraction], upper: [Fraction?], of rates: inout [Fraction]
    ) throws {
        var level = Fraction(0)
        var open = Set(members)
        while true {
            for resource in capacities.indices where try used(resource, rates) == capacities[resource] {
                open = open.filter { !demands[$0].resources.contains(resource) }
            }
            for demand in open { if let bound = upper[demand], rates[demand] == bound { open.remove(demand) } }
            guard !open.isEmpty else { return }
            var rising: Set<Int> = []
            for demand in open where try lower[demand].divided(by: weights[demand]) <= level { rising.insert(demand) }
            var next: Fraction?
            func offer(_ candidate: Fraction) { if next.map({ candidate < $0 }) ?? true { next = candidate } }
            for demand in open.subtracting(rising) { offer(try lower[demand].divided(by: weights[demand])) }
            for demand in rising { if let bound = upper[demand] { offer(try bound.divided(by: weights[demand])) } }
            for resource in capacities.indices {
                var speed = Fraction(0)
                for demand in rising where demands[demand].resources.contains(resource) { speed = try speed.plus(weights[demand]) }
                guard speed != Fraction(0) else { continue }
                offer(try level.plus(try capacities[resource].minus(try used(resource, rates)).divided(by: speed)))
            }
            guard let next else { return }
            for demand in rising { rates[demand] = try weights[demand].times(next) }
            level = next
        }
    }

    private func used(_ resource: Int, _ rates: [Fraction]) throws -> Fraction {
        var sum = Fraction(0)
        for demand in demands.indices where demands[demand].resources.contains(resource) { sum = try sum.plus(rates[demand]) }
        return sum
    }
}

/// A non-negative fraction in lowest terms. Throws where 128 bits do not hold it.
struct Fraction: Comparable, Hashable {
    struct TooLong: Error {}
    let numerator: Int128
    let denominator: Int128

    init(_ whole: Int64) {
        numerator = Int128(whole)
        denominator = 1
    }
    /// With a fraction in parts of 2⁻⁶⁴, of which only quarters are held.
    init(_ rate: BitRate, _ fraction: UInt64) {
        self.init(Int128(rate.bitsPerSecond) * 4 + Int128(fraction >> 62), over: 4)
    }
    private init(_ numerator: Int128, over denominator: Int128) {
        var (a, b) = (numerator, denominator)
        while b != 0 { (a, b) = (b, a % b) }
        self.numerator = numerator / a
        self.denominator = denominator / a
    }

    private static func product(_ a: Int128, _ b: Int128) throws -> Int128 {
        let (value, overflow) = a.multipliedReportingOverflow(by: b)
        // Half a word is kept free for comparisons.
        guard !overflow, value >> 120 == 0 else { throw TooLong() }
        return value
    }
    func plus(_ other: Fraction) throws -> Fraction {
        Fraction(
            try Fraction.product(numerator, other.denominator) + Fraction.product(other.numerator, denominator),
            over: try Fraction.product(denominator, other.denominator))
    }
    func minus(_ other: Fraction) throws -> Fraction {
        Fraction(
            try Fraction.product(numerator, other.denominator) - Fraction.product(other.numerator, denominator),
            over: try Fraction.product(denominator, other.denominator))
    }
    func times(_ other: Fraction) throws -> Fraction {
        Fraction(try Fraction.product(numerator, other.numerator), over: try Fraction.product(denominator, other.denominator))
    }
    func divided(by other: Fraction) throws -> Fraction {
        Fraction(try Fraction.product(numerator, other.denominator), over: try Fraction.product(denominator, other.numerator))
    }
    /// Exact at any length: products of two words of 128 bits.
    static func < (left: Fraction, right: Fraction) -> Bool {
        let a = left.numerator.multipliedFullWidth(by: right.denominator)
        let b = right.numerator.multipliedFullWidth(by: left.denominator)
        return a.high != b.high ? a.high < b.high : a.low < b.low
    }
    /// As the product rounds: 2⁻³² is given, then the fraction is dropped.
    var wholeBits: Int64 {
        let missing = denominator - numerator % denominator
        return Int64(numerator / denominator) + (missing <= denominator >> 32 ? 1 : 0)
    }
}
