import Quantities

/// Quantiles of one window's delays, as a high dynamic range histogram in units of 100 ns with three significant digits has them: exact
/// to 100 ns up to 0.2 ms, and to 0.1 % above.
///
/// A window holds tens to hundreds of delays, and such a histogram about 75 kB of counters, to be cleared before each window and walked
/// through for each quantile. The same numbers stand in the sorted window; a test holds them to the histogram's.
struct DelayQuantiles {
    /// Below this many units each value stands for itself; from there on as many as share its first eleven bits.
    private static let exactBits = 11

    private let ascending: [Nanoseconds]
    private let origin: Nanoseconds

    /// - Parameters:
    ///   - ascending: in ascending order.
    ///   - origin: taken off each; what would be negative then is zero.
    init(ascending: [Nanoseconds], above origin: Nanoseconds = .zero) {
        self.ascending = ascending
        self.origin = origin
    }

    /// The largest value that is told apart from nothing at or below the percentile, and never more than the largest of all. Nil where
    /// there is no delay: 0 would read as perfect.
    func percentile(_ percent: Double) -> Delay? {
        guard let largest = ascending.last.map(delay) else { return nil }
        guard percent < 100 else { return largest }
        // One unit in the last place less, so that a product that rounds up reaches into no later rank.
        let rank = max(1, Int((percent.nextDown * Double(ascending.count) / 100).rounded(.up)))
        return min(DelayQuantiles.highestAlike(delay(ascending[rank - 1])), largest)
    }

    private func delay(_ span: Nanoseconds) -> Delay { Delay(rounding: span - origin) }

    private static func highestAlike(_ delay: Delay) -> Delay {
        let value = delay.hundredNanoseconds
        let spare = Int32.bitWidth - value.leadingZeroBitCount - exactBits
        return spare > 0 ? Delay(hundredNanoseconds: value | ((1 << Int32(spare)) - 1)) : delay
    }
}
