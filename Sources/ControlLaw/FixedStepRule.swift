import Events
import Quantities

/// `fixed-step@1`: the rule of the single-cluster ancestor, bit for bit. Above the target −50 Mbit/s, below it +10, equal holds,
/// clamped to [10, 1000] Mbit/s; the raw sample, every tick, no filter.
///
/// Around it stands what no law is without: a raise needs a measured sample on a proven base, since the last change; a missing
/// sample is a state and not a number; guardrails, grant, mode. An unlimited loop steps down from the law's maximum.
struct FixedStepRule: LawRule {
    struct Memory: LawMemory {
        var missing: UInt16 = 0
        var lastDesired: Int64?

        init() {}
        init?(bytes: [UInt8]) {
            guard var reader = StateReader(bytes, version: 1), let missing = reader.read(UInt16.self),
                let last = reader.read(Int64.self), reader.isAtEnd
            else { return nil }
            self.missing = missing
            lastDesired = last < 0 ? nil : last
        }
        var bytes: [UInt8] {
            var writer = StateWriter(version: 1)
            writer.write(missing)
            writer.write(lastDesired ?? -1)
            return writer.bytes
        }
    }

    static let table = [
        LawParameter("decrease", .rate, "50M", 1_000...1_000_000_000_000, "rate: the step down, above the target"),
        LawParameter("increase", .rate, "10M", 1_000...1_000_000_000_000, "rate: the step up, below the target"),
        LawParameter("minimum", .rate, "10M", 1_000...1_000_000_000_000_000, "rate: the lowest that the law proposes"),
        LawParameter("maximum", .rate, "1G", 1_000...1_000_000_000_000_000, "rate: the highest that the law proposes"),
    ] + MissingPolicy.table

    private let decrease, increase, minimum, maximum: Int64
    private let missingPolicy: MissingPolicy

    init(_ parameters: LawParameters) {
        decrease = parameters["decrease"]
        increase = parameters["increase"]
        minimum = parameters["minimum"]
        maximum = parameters["maximum"]
        missingPolicy = MissingPolicy(parameters)
    }

    func decide(_ memory: Memory, _ input: LoopInput) -> (Memory, LoopOutcome) {
        var memory = memory
        let frame = LoopFrame(input, minimum: minimum, maximum: maximum, lastDesired: memory.lastDesired)
        let raw = input.quality.hasValue ? input.raw : nil
        memory.missing = raw == nil ? memory.missing &+ (memory.missing == .max ? 0 : 1) : 0
        let proposal = raw.map { bareRule($0, input, frame) }
            ?? missingPolicy.proposal(
                missing: memory.missing, current: frame.current, stepped: max(0, (frame.current ?? maximum) - decrease),
                lowest: frame.lowest)
        let thresholds = Thresholds(target: input.target, lowThousandths: 1000, highThousandths: 1000)
        let suffered = raw.map { $0 > input.bound } == true ? input.used?.bitsPerSecond : nil
        let outcome = frame.conclude(Staged(proposal), smoothed: raw, thresholds: thresholds, sufferedAt: suffered)
        memory.lastDesired = outcome.desired?.bitsPerSecond
        return (memory, outcome)
    }

    private func bareRule(_ raw: Delay, _ input: LoopInput, _ frame: LoopFrame) -> Proposal {
        if raw > input.target {
            return Proposal(rate: max(0, (frame.current ?? maximum) - decrease), reason: .aboveTarget, isBrake: true)
        }
        if raw == input.target { return Proposal(rate: frame.current, reason: .atTarget) }
        guard let current = frame.current else { return Proposal(rate: nil, reason: .unlimited) }
        return Proposal(rate: current + increase, reason: .belowTarget)
    }

    func turningPoints(_ memory: Memory, _ input: LoopInput) -> [Int32] {
        let target = input.target.hundredNanoseconds
        return [target - 1, target, input.bound.hundredNanoseconds]
    }
}
