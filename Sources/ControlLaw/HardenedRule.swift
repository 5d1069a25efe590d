import Events
import Quantities

/// `hardened@1`: the fixed steps inside smoothing, deadband, flap budget and cooldown. A raw sample above the SLA bound steps
/// down at once, past all of them.
struct HardenedRule: LawRule {
    struct Memory: LawMemory {
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
        LawParameter("minimum", .rate, "10M", 1_000...1_000_000_000_000_000, "rate: the lowest that the law proposes"),
        LawParameter("maximum", .rate, "1G", 1_000...1_000_000_000_000_000, "rate: the highest that the law proposes"),
    ] + PacingFilters.table(flapBudget: 6) + MissingPolicy.table

    private let decrease, increase, minimum, maximum: Int64
    private let filters: PacingFilters
    private let missingPolicy: MissingPolicy

    init(_ parameters: LawParameters) {
        decrease = parameters["decrease"]
        increase = parameters["increase"]
        minimum = parameters["minimum"]
        maximum = parameters["maximum"]
        filters = PacingFilters(parameters)
        missingPolicy = MissingPolicy(parameters)
    }

    func decide(_ memory: Memory, _ input: LoopInput) -> (Memory, LoopOutcome) {
        var memory = memory
        memory.pacing.advance(elapsedMilliseconds: input.elapsedMilliseconds, flapTicks: filters.flapTicks)
        let frame = LoopFrame(input, minimum: minimum, maximum: maximum, lastDesired: memory.pacing.lastDesired)
        let raw = filters.believable(input)
        let proposal = raw.map { steer($0, &memory, input, frame) } ?? coast(&memory, frame)
        let suffered = raw.map { $0 > input.bound } == true ? input.used?.bitsPerSecond : nil
        let outcome = frame.conclude(
            filters.stage(proposal, memory.pacing, frame), smoothed: memory.pacing.smoothed.delay,
            thresholds: filters.thresholds(input), sufferedAt: suffered)
        memory.pacing.count(outcome)
        return (memory, outcome)
    }

    private func coast(_ memory: inout Memory, _ frame: LoopFrame) -> Proposal {
        memory.pacing.missing = memory.pacing.missing &+ (memory.pacing.missing == .max ? 0 : 1)
        if memory.pacing.missing >= 3 { memory.pacing.smoothed = SmoothedDelay() }
        return missingPolicy.proposal(
            missing: memory.pacing.missing, current: frame.current, stepped: max(0, (frame.current ?? maximum) - decrease),
            lowest: frame.lowest)
    }

    private func steer(_ raw: Delay, _ memory: inout Memory, _ input: LoopInput, _ frame: LoopFrame) -> Proposal {
        memory.pacing.missing = 0
        if input.quality != .synthetic { memory.pacing.smoothed.add(raw, gainThousandths: filters.gain) }
        let thresholds = filters.thresholds(input)
        let steering = input.quality == .synthetic ? raw : memory.pacing.smoothed.delay ?? raw
        let lowered = max(0, (frame.current ?? maximum) - decrease)
        if raw > input.bound { return Proposal(rate: lowered, reason: .brakedAboveBound, isBrake: true) }
        if steering > thresholds.upper { return Proposal(rate: lowered, reason: .aboveTarget) }
        guard steering < thresholds.lower else { return Proposal(rate: frame.current, reason: .insideDeadband) }
        guard let current = frame.current else { return Proposal(rate: nil, reason: .unlimited) }
        if let refusal = frame.raiseRefusal { return Proposal(rate: current, reason: refusal) }
        return Proposal(rate: current + increase, reason: .belowTarget)
    }

    func turningPoints(_ memory: Memory, _ input: LoopInput) -> [Int32] {
        filters.turningPoints(memory.pacing.smoothed, input)
    }
}
