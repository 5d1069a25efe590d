import Events
import Quantities

/// A stepping law inside the filters: `hardened@1` and `proportional@1` are this frame and how they step.
protocol PacedRule: LawRule where Memory: PacedMemory {
    var paced: PacedFrame { get }
    /// The step for a believable sample. `steering` is the smoothed delay, or the raw one where nothing may be smoothed.
    func step(_ sample: PacedSample, _ memory: inout Memory, _ frame: LoopFrame) -> Proposal
    /// One step down while the flow is not measured.
    func steppedDown(from rate: Int64) -> Int64
    /// What the step leaves in the law's own memory, once it is known what was proposed (nil: leave it unlimited).
    func remember(_ proposal: Int64?, isMeasured: Bool, in memory: inout Memory)
}

/// What a paced law remembers: the frame's part of it, beside its own.
protocol PacedMemory: LawMemory {
    var pacing: Pacing { get set }
}

/// The raw sample and what steers by it, with the deadband in which it stands.
struct PacedSample {
    let raw: Delay
    let steering: Delay
    let thresholds: Thresholds
    let input: LoopInput
}

/// What all paced laws are made with.
struct PacedFrame: Sendable {
    let minimum, maximum: Int64
    let filters: PacingFilters
    let missingPolicy: MissingPolicy

    static let clamp = [
        LawParameter("minimum", .rate, "10M", 1_000...1_000_000_000_000_000, "rate: the lowest that the law proposes"),
        LawParameter("maximum", .rate, "1G", 1_000...1_000_000_000_000_000, "rate: the highest that the law proposes"),
    ]
    static func table(flapBudget: Int) -> [LawParameter] { clamp + PacingFilters.table(flapBudget: flapBudget) + MissingPolicy.table }

    init(_ parameters: LawParameters) {
        minimum = parameters["minimum"]
        maximum = parameters["maximum"]
        filters = PacingFilters(parameters)
        missingPolicy = MissingPolicy(parameters)
    }
}

extension PacedRule {
    func remember(_ proposal: Int64?, isMeasured: Bool, in memory: inout Memory) {}

    func decide(_ memory: Memory, _ input: LoopInput) -> (Memory, LoopOutcome) {
        var memory = memory
        let filters = paced.filters
        memory.pacing.advance(elapsedMilliseconds: input.elapsedMilliseconds, flapTicks: filters.flapTicks)
        let frame = LoopFrame(input, minimum: paced.minimum, maximum: paced.maximum, lastDesired: memory.pacing.lastDesired)
        let thresholds = filters.thresholds(input, memory.pacing)
        let raw = filters.believable(input)
        let proposal: Proposal
        if let raw {
            memory.pacing.missing = 0
            if input.quality != .synthetic { memory.pacing.smooth(raw, of: input, by: filters) }
            let steering = input.quality == .synthetic ? raw : memory.pacing.smoothed.delay ?? raw
            proposal = step(PacedSample(raw: raw, steering: steering, thresholds: thresholds, input: input), &memory, frame)
        } else {
            proposal = coast(&memory.pacing, frame)
        }
        let suffered = raw.map { $0 > input.bound } == true ? input.used?.bitsPerSecond : nil
        let outcome = frame.conclude(
            filters.stage(proposal, memory.pacing, frame), smoothed: memory.pacing.smoothed.delay, thresholds: thresholds, sufferedAt: suffered)
        memory.pacing.count(outcome)
        remember(proposal.rate, isMeasured: raw != nil, in: &memory)
        return (memory, outcome)
    }

    private func coast(_ pacing: inout Pacing, _ frame: LoopFrame) -> Proposal {
        pacing.missing = pacing.missing == .max ? .max : pacing.missing + 1
        if pacing.missing >= 3 { pacing.smoothed = SmoothedDelay() }
        return paced.missingPolicy.proposal(
            missing: pacing.missing, current: frame.current, stepped: steppedDown(from: frame.current ?? paced.maximum), lowest: frame.lowest)
    }

    func turningPoints(_ memory: Memory, _ input: LoopInput) -> [Int32] { paced.filters.turningPoints(memory.pacing, input) }
}
