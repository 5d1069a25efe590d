/// Levels in binary floating point: enough to bound one from below and to guess who is held by a bound, never to settle a rate.
///
/// Weights and rates in bit/s are below 2⁶³. Only additions, multiplications, divisions and comparisons: the same on every machine.
struct ApproximateLevel: Sendable {
    /// Four demands side by side, as the processor takes them. Places without a demand hold zeros.
    struct Terms: Sendable {
        var weights = SIMD4<Double>(repeating: 0)
        var lowers = SIMD4<Double>(repeating: 0)
        var uppers = SIMD4<Double>(repeating: 0)

        init() {}

        @inline(__always)
        init(_ a: FillTerm, _ b: FillTerm, _ c: FillTerm, _ d: FillTerm) {
            weights = SIMD4(double(a.weight), double(b.weight), double(c.weight), double(d.weight))
            lowers = SIMD4(double(a.lower), double(b.lower), double(c.lower), double(d.lower))
            uppers = SIMD4(double(a.upper), double(b.upper), double(c.upper), double(d.upper))
        }
    }

    /// How often a guess is improved before the best proven one is taken.
    private static let mostTrials = 6
    /// How near to the level, relative, a bound is brought where nothing else ends the search.
    private static let precision = 0x1p-30

    /// What can be shared before the lower bounds are added.
    let residual: Double
    private var weightSums = SIMD4<Double>(repeating: 0)
    private var lowerSums = SIMD4<Double>(repeating: 0)
    private var upperSums = SIMD4<Double>(repeating: 0)
    private var groups = 0

    @inline(__always)
    init(residual: FineRate) { self.residual = ApproximateLevel.double(residual) }

    @inline(__always)
    static func double(_ whole: UInt64) -> Double { Double(Int64(truncatingIfNeeded: whole)) }

    @inline(__always)
    static func double(_ rate: FineRate) -> Double {
        double(UInt64(truncatingIfNeeded: rate >> 64)) + double(UInt64(truncatingIfNeeded: rate) >> 1) * 0x1p-63
    }

    @inline(__always)
    mutating func add(_ terms: Terms) {
        weightSums += terms.weights
        lowerSums += terms.lowers
        upperSums += terms.uppers
        groups += 1
    }

    /// A level that is certainly not above the one at which the terms that were added use up the room, mostly within 2⁻³⁰ of it, or
    /// above `enough`; infinity where the upper bounds certainly fit. `known` is such a level from before, or 0.
    ///
    /// Newton's method on the sum of rates, which grows with the level. A trial is proven when its sum, of positive terms each off
    /// by a few parts in 2⁵³, is below the room by more than the sum can be off.
    @inline(__always)
    func lowerBound(_ terms: Span<Terms>, known: Double, enough: Double) -> Double {
        let weights = weightSums.sum()
        let room = residual + lowerSums.sum()
        let error = Double(groups + 16) * 0x1p-49
        if upperSums.sum() * (1 + error) <= room * (1 - error) { return .infinity }
        let most = room * (1 - error)
        let target = room * (1 - max(0x1p-38, 4 * error))
        // With every rate rising from its lower bound at once the room lasts to here.
        var proven = max(known, residual / weights * (1 - 2 * error))
        var trial = known > 0 ? known : target / weights
        for _ in 0..<ApproximateLevel.mostTrials {
            let (sum, rising) = ApproximateLevel.sums(terms, groups, at: trial)
            if sum <= most {
                proven = max(proven, trial)
                if proven > enough || sum >= target * (1 - ApproximateLevel.precision) { break }
            }
            guard rising > 0 else { break }
            trial += (target - sum) / rising
            if trial <= proven { trial = proven * (1 + 0x1p-20) }
        }
        return proven
    }

    /// The sum of rates at a level, and of the weights of those who are held by no bound there.
    @inline(__always)
    private static func sums(_ terms: Span<Terms>, _ groups: Int, at level: Double) -> (rates: Double, rising: Double) {
        let level = SIMD4<Double>(repeating: level)
        var rateSums = SIMD4<Double>(repeating: 0)
        var risingSums = SIMD4<Double>(repeating: 0)
        for index in 0..<groups {
            let four = terms[index]
            let rates = four.weights * level
            let isAbove = rates .> four.uppers
            let isBelow = rates .< four.lowers
            // Masks and not the pointwise minimum: that one goes demand by demand.
            rateSums += rates.replacing(with: four.uppers, where: isAbove).replacing(with: four.lowers, where: isBelow)
            risingSums += four.weights.replacing(with: 0, where: isAbove .| isBelow)
        }
        return (rateSums.sum(), risingSums.sum())
    }
}
