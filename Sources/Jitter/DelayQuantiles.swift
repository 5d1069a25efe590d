import Histogram
import Quantities

/// Quantiles of one window's delays. A high dynamic range histogram in units of 100 ns with three significant digits: exact to
/// 100 ns up to 0.2 ms, and to 0.1 % above. About 75 kB while a window is folded, nothing between two windows.
struct DelayQuantiles {
    /// 100 s: above `ProbeRecord.longestBelieved`, so that `record` never refuses.
    private static let highest: UInt64 = 1_000_000_000

    private var histogram = Histogram<UInt32>(highestTrackableValue: DelayQuantiles.highest, numberOfSignificantValueDigits: .three)

    mutating func record(_ delay: Delay) {
        _ = histogram.record(min(UInt64(delay.hundredNanoseconds), DelayQuantiles.highest))
    }

    /// Nil for an empty histogram, which itself would answer 0 and read as perfect.
    func percentile(_ percent: Double) -> Delay? {
        guard histogram.totalCount > 0 else { return nil }
        let value = min(histogram.valueAtPercentile(percent), histogram.maxRecorded)
        return Delay(hundredNanoseconds: Int32(clamping: value))
    }
}
