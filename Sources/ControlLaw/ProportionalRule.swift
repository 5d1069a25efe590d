import Events
import Quantities

/// `proportional@1`: a step in proportion to the error, and to its sum over time, inside smoothing, deadband, flap budget and
/// cooldown. A raw sample above the SLA bound steps down at once.
///
/// error = (target − delay) / target, in thousandths, held between −3000 and 1000; rate × (1 + proportional × error + integral × Σ
/// error), at most × `largestRaise` up and × `largestFall` down. Σ does not wind up: it stops where the last step could not be carried
/// out (clamped, refused, waiting), is bounded, and begins anew when the error changes its sign (conditional integration and
/// clamping, Åström and Hägglund, Advanced PID Control, 2006, §3.5).
struct ProportionalRule: PacedRule {
    struct Memory: PacedMemory {
        var pacing = Pacing()
        /// Unit: thousandths of the target, summed over ticks.
        var sum: Int32 = 0
        /// What the step before wanted; negative where it wanted nothing.
        var wanted: Int64 = -1

        init() {}
        init?(bytes: [UInt8]) {
            guard var reader = StateReader(bytes, version: 1), let pacing = Pacing(from: &reader), let sum = reader.read(Int32.self),
                let wanted = reader.read(Int64.self), reader.isAtEnd
            else { return nil }
            (self.pacing, self.sum, self.wanted) = (pacing, sum, max(-1, wanted))
        }
        var bytes: [UInt8] {
            var writer = StateWriter(version: 1)
            pacing.write(into: &writer)
            writer.write(sum)
            writer.write(wanted)
            return writer.bytes
        }
    }

    static let table = [
        LawParameter("proportional", .factor, "0.12", 0...4000, "factor of the rate per error of one target"),
        LawParameter("integral", .factor, "0.01", 0...1000, "factor of the rate per error of one target held for one tick"),
        LawParameter("largestSum", .count, "5000", 0...1_000_000, "thousandths of the target: the sum of errors stops here"),
        LawParameter("largestRaise", .factor, "1.1", 1001...4000, "factor: the most that one step adds"),
        LawParameter("largestFall", .factor, "0.7", 100...999, "factor: the least that one step leaves"),
        LawParameter("usedAtLeast", .factor, "0.85", 1...1000, "factor of the limit: with less use a raise would teach nothing"),
    ] + PacedFrame.table(flapBudget: 6)

    let paced: PacedFrame
    private let proportional, integral, largestSum, largestRaise, largestFall, usedAtLeast: Int64

    init(_ parameters: LawParameters) {
        paced = PacedFrame(parameters)
        proportional = parameters["proportional"]
        integral = parameters["integral"]
        largestSum = parameters["largestSum"]
        largestRaise = parameters["largestRaise"]
        largestFall = parameters["largestFall"]
        usedAtLeast = parameters["usedAtLeast"]
    }

    func steppedDown(from rate: Int64) -> Int64 { scaled(rate, largestFall) }

    func remember(_ proposal: Int64?, isMeasured: Bool, in memory: inout Memory) {
        if !isMeasured { memory.sum = 0 }
        memory.wanted = proposal ?? -1
    }

    func step(_ sample: PacedSample, _ memory: inout Memory, _ frame: LoopFrame) -> Proposal {
        let input = sample.input
        if sample.raw > input.bound {
            let error = ProportionalRule.error(of: sample.raw, target: input.target)
            memory.sum = 0
            return Proposal(rate: moved(frame, by: proportional * error), reason: .brakedAboveBound, isBrake: true)
        }
        let error = ProportionalRule.error(of: sample.steering, target: input.target)
        if error <= 0 || mayRaise(frame, input) { integrate(error, &memory, input) }
        let step = proportional * error + integral * Int64(memory.sum)
        if sample.steering > sample.thresholds.upper { return Proposal(rate: moved(frame, by: min(0, step)), reason: .aboveTarget) }
        guard sample.steering < sample.thresholds.lower else { return Proposal(rate: frame.current, reason: .insideDeadband) }
        guard let current = frame.current else { return Proposal(rate: nil, reason: .unlimited) }
        if let refusal = frame.raiseRefusal { return Proposal(rate: current, reason: refusal) }
        if !mayRaise(frame, input) { return Proposal(rate: current, reason: .limitNotUsed) }
        return Proposal(rate: moved(frame, by: max(0, step)), reason: .belowTarget)
    }

    /// Whether a raise could be carried out and would teach something; where not, no raise is owed later.
    private func mayRaise(_ frame: LoopFrame, _ input: LoopInput) -> Bool {
        guard frame.raiseRefusal == nil, let current = frame.current else { return false }
        return input.used.map { $0.bitsPerSecond >= scaled(current, usedAtLeast) } ?? true
    }

    /// In thousandths of the target.
    private static func error(of delay: Delay, target: Delay) -> Int64 {
        let distance = Int64(target.hundredNanoseconds) - Int64(delay.hundredNanoseconds)
        return max(-3_000, min(1_000, distance * 1000 / Int64(max(1, target.hundredNanoseconds))))
    }

    private func integrate(_ error: Int64, _ memory: inout Memory, _ input: LoopInput) {
        let isOpposed = (error > 0) != (memory.sum > 0)
        if isOpposed { memory.sum = 0 }
        // What was wanted does not stand there: more of the same would only be owed.
        if memory.wanted >= 0, let applied = input.applied, abs(applied.bitsPerSecond - memory.wanted) > memory.wanted / 500 + 1000 { return }
        memory.sum = Int32(max(-largestSum, min(largestSum, Int64(memory.sum) + error)))
    }

    /// `millionths` of the rate up or down, within the largest steps.
    private func moved(_ frame: LoopFrame, by millionths: Int64) -> Int64 {
        let factor = max(largestFall, min(largestRaise, 1000 + millionths / 1000))
        return scaled(frame.current ?? paced.maximum, factor)
    }
}
