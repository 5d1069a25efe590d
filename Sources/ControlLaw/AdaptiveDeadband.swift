import Events
import Quantities

/// Widens the deadband of a noisy flow, so that its noise alone moves no rate: by a multiple of the mean distance between a calm
/// sample and the smoothed delay. Integers only; what was measured stands in the law's state, and the thresholds on every row.
///
/// Bounded, and never against the flow: the upper threshold goes at most halfway to the bound, and for a class of high criticality not
/// at all; the lower one not below half the target. A sample above the bound brakes at once whatever the width. The width moves in whole
/// steps and only by one or more, so that it changes seldom, and each change is worth telling.
struct AdaptiveDeadband: Sendable {
    static let table = [
        LawParameter("adaptive", .factor, "0", 0...10_000, "factor of the measured noise by which the deadband is widened; 0: it stays as it is"),
        LawParameter("adaptiveMost", .factor, "0.2", 0...500, "factor of the target: the most that the deadband is widened on either side"),
    ]

    private let factor, most: Int64

    /// Nil where the parameters ask for none.
    init?(_ parameters: LawParameters) {
        factor = parameters["adaptive"]
        most = parameters["adaptiveMost"]
        if factor == 0 { return nil }
    }

    /// What was measured of a flow's noise. Part of a law's state.
    struct Noise: Equatable, Sendable {
        /// Mean distance of a calm sample from the smoothed delay before it. Unit: 2⁻⁴ of 100 ns.
        fileprivate(set) var deviation: Int32 = 0
        /// The standing width. Unit: `step`.
        fileprivate(set) var steps: UInt8 = 0

        init() {}
        init?(from reader: inout StateReader) {
            guard let deviation = reader.read(Int32.self), deviation >= 0, let steps = reader.read(UInt8.self) else { return nil }
            (self.deviation, self.steps) = (deviation, steps)
        }
        func write(into writer: inout StateWriter) {
            writer.write(deviation)
            writer.write(steps)
        }
    }

    /// Unit: 100 ns.
    private func step(_ target: Delay) -> Int64 { max(1, Int64(target.hundredNanoseconds) / 20) }

    /// Takes a sample that stands `smoothed` apart. What lies above the bound is suffering, not noise, and is left out.
    func measure(_ raw: Delay, smoothed: Delay?, _ input: LoopInput, into noise: inout Noise) {
        guard let smoothed, raw <= input.bound else { return }
        let distance = abs(Int64(raw.hundredNanoseconds) - Int64(smoothed.hundredNanoseconds)) * 16
        noise.deviation += Int32(clamping: (min(distance, Int64(Int32.max)) - Int64(noise.deviation)) / 16)
        let wanted = min(Int64(noise.deviation) * factor / 16_000, Int64(input.target.scaled(thousandths: most).hundredNanoseconds))
        let (step, standing) = (step(input.target), Int64(noise.steps))
        if wanted >= (standing + 1) * step { noise.steps = UInt8(clamping: wanted / step) }
        if wanted <= (standing - 1) * step { noise.steps = UInt8(clamping: (wanted + step - 1) / step) }
    }

    func widened(_ bare: Thresholds, by noise: Noise, _ input: LoopInput) -> Thresholds {
        let width = min(Int64(noise.steps) * step(input.target), Int64(input.target.scaled(thousandths: most).hundredNanoseconds))
        let (lower, upper) = (Int64(bare.lower.hundredNanoseconds), Int64(bare.upper.hundredNanoseconds))
        let lowest = min(lower, Int64(input.target.hundredNanoseconds) / 2)
        let highest = max(upper, (upper + Int64(input.bound.hundredNanoseconds)) / 2)
        let isTight = input.evidence.contains(.highlyCritical)
        return Thresholds(
            lower: Delay(hundredNanoseconds: Int32(max(lowest, lower - width))),
            upper: isTight ? bare.upper : Delay(hundredNanoseconds: Int32(clamping: min(highest, upper + width))))
    }
}
