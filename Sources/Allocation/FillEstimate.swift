/// A term in binary floating point: enough to find a level but for its last digits and to tell who is clearly held by a bound.
/// What counts is settled in whole numbers.
///
/// Weights and rates in bit/s are below 2⁶³. Only additions, multiplications, divisions and comparisons: the same on every machine.
struct FillEstimate: Sendable, BitwiseCopyable {
    var weight: Double
    var lower: Double
    /// How far it can rise above its lower bound.
    var gap: Double
    /// The level at which it leaves its lower bound.
    var start: Double

    static var none: FillEstimate { FillEstimate(.none) }

    init(_ term: FillTerm) {
        weight = FillEstimate.double(term.weight)
        lower = FillEstimate.double(term.lower)
        gap = FillEstimate.double(term.upper - term.lower)
        start = term.weight == 0 ? .infinity : lower / weight
    }

    @inline(__always)
    static func double(_ whole: UInt64) -> Double { Double(Int64(truncatingIfNeeded: whole)) }

    @inline(__always)
    static func double(_ rate: FineRate) -> Double {
        double(UInt64(truncatingIfNeeded: rate >> 64)) + Double(UInt64(truncatingIfNeeded: rate)) * 0x1p-64
    }
}

/// Sums over the terms that share one resource.
struct FillSums: Sendable {
    var weights = 0.0
    var lowers = 0.0
    var gaps = 0.0
    /// The lowest level at which one of them leaves its lower bound.
    var start = Double.infinity

    @inline(__always)
    mutating func add(_ estimate: FillEstimate) {
        weights += estimate.weight
        lowers += estimate.lower
        gaps += estimate.gap
        start = estimate.start < start ? estimate.start : start
    }

    /// Whether everybody certainly has room for all that it can use.
    @inline(__always)
    static func certainlyFit(_ gaps: Double, _ residual: Double) -> Bool { gaps * (1 + 0x1p-28) <= residual }
    @inline(__always)
    func certainlyExceed(_ residual: Double) -> Bool { gaps * (1 - 0x1p-28) > residual }
}
