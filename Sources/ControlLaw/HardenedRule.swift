import Events
import Quantities

/// `hardened@1`: the fixed steps inside smoothing, deadband, flap budget and cooldown. A raw sample above the SLA bound steps
/// down at once, past all of them.
struct HardenedRule: PacedRule {
    struct Memory: PacedMemory {
        var pacing = Pacing()
        init() {}
        init?(bytes: [UInt8]) {
            guard var reader = StateReader(bytes, version: 1), let pacing = Pacing(from: &reader), reader.isAtEnd else { return nil }
            self.pacing = pacing
        }
        var bytes: [UInt8] {
            var writer = StateWriter(version: 1)
            pacing.write(into: &writer)
            return writer.bytes
        }
    }

    static let table = [
        LawParameter("decrease", .rate, "50M", 1_000...1_000_000_000_000, "rate: the step down"),
        LawParameter("increase", .rate, "10M", 1_000...1_000_000_000_000, "rate: the step up"),
    ] + PacedFrame.table(flapBudget: 6)

    let paced: PacedFrame
    private let decrease, increase: Int64

    init(_ parameters: LawParameters) {
        paced = PacedFrame(parameters)
        decrease = parameters["decrease"]
        increase = parameters["increase"]
    }

    func steppedDown(from rate: Int64) -> Int64 { max(0, rate - decrease) }

    func step(_ sample: PacedSample, _ memory: inout Memory, _ frame: LoopFrame) -> Proposal {
        let lowered = steppedDown(from: frame.current ?? paced.maximum)
        if sample.raw > sample.input.bound { return Proposal(rate: lowered, reason: .brakedAboveBound, isBrake: true) }
        if sample.steering > sample.thresholds.upper { return Proposal(rate: lowered, reason: .aboveTarget) }
        guard sample.steering < sample.thresholds.lower else { return Proposal(rate: frame.current, reason: .insideDeadband) }
        guard let current = frame.current else { return Proposal(rate: nil, reason: .unlimited) }
        if let refusal = frame.raiseRefusal { return Proposal(rate: current, reason: refusal) }
        return Proposal(rate: current + increase, reason: .belowTarget)
    }
}
