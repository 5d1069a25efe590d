import Exposition
public import Quantities

/// Delays above the base of one flow as a classic Prometheus histogram. Only grows; a scrape reads it as it stands.
public struct DelayHistogram: Sendable {
    /// Upper bounds in seconds. They straddle what a law asks about: 0.8, 1.0 and 1.2 times 1 ms, and the bounds of 1.5 and 2 ms.
    public static let bounds: [Double] = [
        0.00005, 0.0001, 0.0002, 0.0003, 0.0004, 0.0005, 0.0006, 0.0008, 0.0009, 0.001, 0.0011, 0.0012, 0.0014, 0.0015, 0.0017, 0.002,
        0.0025, 0.003, 0.004, 0.005, 0.0075, 0.01, 0.02, 0.05, 0.1, 0.5, 1,
    ]
    private var counts = [UInt64](repeating: 0, count: bounds.count)
    private var count: UInt64 = 0
    private var sumSeconds = 0.0
    public var lost: UInt64 = 0

    public init() {}

    public mutating func observe(_ delay: Nanoseconds) {
        let seconds = max(0, delay.seconds)
        count += 1
        sumSeconds += seconds
        if let place = DelayHistogram.bounds.firstIndex(where: { seconds <= $0 }) { counts[place] += 1 }
    }

    var value: MetricFamily.Value {
        var cumulative: UInt64 = 0
        let buckets = zip(DelayHistogram.bounds, counts).map { bound, count in
            cumulative += count
            return MetricFamily.Bucket(upperBound: bound, cumulativeCount: cumulative)
        }
        return .histogram(buckets: buckets, sum: sumSeconds, count: count)
    }
}
