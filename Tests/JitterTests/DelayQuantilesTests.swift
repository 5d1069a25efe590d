import Histogram
import Quantities
import Testing

@testable import Jitter

// Aim: quantiles are those of a high dynamic range histogram, to the last unit. Method: seeded windows against the histogram itself.
struct DelayQuantilesTests {
    @Test(arguments: 0..<60) func `quantiles are those of the histogram`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let count = Int.random(in: 1...400, using: &generator)
        let highest = 1 << Int64.random(in: 1...35, using: &generator)
        let spans = (0..<count).map { _ in Nanoseconds(Int64.random(in: 0...Int64(highest), using: &generator)) }
        let origin = Nanoseconds(Int64.random(in: 0...Int64(highest / 2), using: &generator))
        var histogram = Histogram<UInt32>(highestTrackableValue: 1_000_000_000, numberOfSignificantValueDigits: .three)
        for span in spans {
            let isTaken = histogram.record(UInt64(Delay(rounding: span - origin).hundredNanoseconds))
            #expect(isTaken)
        }
        let quantiles = DelayQuantiles(ascending: spans.sorted(), above: origin)
        for percent in [0.1, 1, 25, 50, 75, 90, 95, 99, 99.9, 100] {
            let expected = min(histogram.valueAtPercentile(percent), histogram.maxRecorded)
            #expect(quantiles.percentile(percent) == Delay(hundredNanoseconds: Int32(expected)), "p\(percent) of \(count)")
        }
    }

    @Test func `no delay has no quantile`() {
        #expect(DelayQuantiles(ascending: []).percentile(50) == nil)
        #expect(DelayQuantiles(ascending: []).percentile(100) == nil)
    }
}
