import Quantities

/// An exponentially weighted mean of delays in fixed point: 2⁻²⁰ of 100 ns, so that it follows the closed form to 10⁻⁹ without
/// floating point. The first sample seeds it.
struct SmoothedDelay: Equatable {
    private static let scale: Int64 = 1 << 20
    /// Nil before the first sample.
    private(set) var fixed: Int64?

    init(fixed: Int64? = nil) { self.fixed = fixed.flatMap { $0 < 0 || $0 > Int64(Int32.max) * SmoothedDelay.scale ? nil : $0 } }

    var delay: Delay? { fixed.map { Delay(hundredNanoseconds: Int32(($0 + SmoothedDelay.scale / 2) / SmoothedDelay.scale)) } }

    /// s += (x − s) × gain. The product stays below 2⁶².
    mutating func add(_ sample: Delay, gainThousandths: Int64) {
        let value = Int64(sample.hundredNanoseconds) * SmoothedDelay.scale
        guard let mean = fixed else { return fixed = value }
        fixed = mean + (value - mean) * gainThousandths / 1000
    }

    /// The largest sample with which the mean comes to stand at `wanted` or below. Nil: none does, or every one.
    func largestSample(reaching wanted: Delay, gainThousandths: Int64) -> Int32? {
        guard let mean = fixed else { return wanted.hundredNanoseconds }
        let distance = Int64(wanted.hundredNanoseconds) * SmoothedDelay.scale + SmoothedDelay.scale / 2 - mean
        // Above by at most a few units, for each division rounds.
        var sample = (mean + distance / gainThousandths * 1000) / SmoothedDelay.scale + 1000 / gainThousandths + 1
        for _ in 0..<(2 * (1000 / gainThousandths) + 6) {
            guard let value = Int32(exactly: sample), value >= 0 else { return nil }
            var next = self
            next.add(Delay(hundredNanoseconds: value), gainThousandths: gainThousandths)
            if let reached = next.delay, reached <= wanted { return value }
            sample -= 1
        }
        return nil
    }
}
