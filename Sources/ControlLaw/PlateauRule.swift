import Events
import Quantities

/// `plateau@1`, the default: hardened, and five rules more.
///
/// 1. *Fresh evidence only.* It lowers on what was measured since the last decrease took effect, and raises on what was measured
///    since the last change did. So one bad second is one brake.
/// 2. *A raw sample above the SLA bound brakes at once.*
/// 3. *Ceiling memory* (`CeilingMemory`): back to just below the used rate at which the flow suffered, stay, probe rarely.
/// 4. *No raise of what is not used.* Without a throughput source: none above the highest rate at which use was proven, and an
///    unproven limit comes down × 0.7 each tick that the flow suffers.
/// 5. *Attribution.* Where the loop's own use is not above its floors, or two brakes did not help, the flow suffers from others'
///    traffic: it holds and says so, and brakes on only every `retryTicks`, in case it was wrong.
///
/// With a hub (not standalone) the coordinator probes for the whole link: this law then asks for a raise whenever it is calm and
/// its limit is used, and follows the grant. Its own ceilings still say how far to brake.
struct PlateauRule: LawRule {
    struct Memory: LawMemory, Equatable {
        var pacing = Pacing()
        var ceilings = CeilingMemory()
        /// Brakes since the last calm sample.
        var brakes: UInt8 = 0
        /// Ticks held for not being our traffic.
        var held: UInt16 = 0
        /// The steering value at the first brake. Unit: 100 ns.
        var firstRaw: Int32 = 0
        /// The highest rate at which use was proven.
        var provenUse: Int64 = 0
        /// Used at the step before; negative where it was not measured.
        var lastUsed: Int64 = -1

        init() {}
        init?(bytes: [UInt8]) {
            guard var reader = StateReader(bytes, version: 1), let pacing = Pacing(from: &reader),
                let ceilings = CeilingMemory(from: &reader), let brakes = reader.read(UInt8.self),
                let held = reader.read(UInt16.self), let first = reader.read(Int32.self), let proven = reader.read(Int64.self),
                let last = reader.read(Int64.self), first >= 0, proven >= 0, proven <= BitRate.maximum.bitsPerSecond, reader.isAtEnd
            else { return nil }
            (self.pacing, self.ceilings, self.brakes, self.held) = (pacing, ceilings, brakes, held)
            (firstRaw, provenUse, lastUsed) = (first, proven, max(-1, last))
        }
        var bytes: [UInt8] {
            var writer = StateWriter(version: 1)
            pacing.write(into: &writer)
            ceilings.write(into: &writer)
            writer.write(brakes)
            writer.write(held)
            writer.write(firstRaw)
            writer.write(provenUse)
            writer.write(lastUsed)
            return writer.bytes
        }
    }

    static let table = [
        LawParameter("brake", .factor, "0.95", 500...999, "factor of the used rate: the first brake, and the plateau"),
        LawParameter("furtherBrake", .factor, "0.7", 100...999, "factor of the limit: each further brake on fresh evidence"),
        LawParameter("drain", .factor, "0.9", 100...999, "factor of the used rate: a further brake where the link was the limit"),
        LawParameter("climb", .factor, "1.2", 1001...4000, "factor: the most that one raise adds"),
        LawParameter("probe", .factor, "1.03", 1001...2000, "factor: the first step past a remembered ceiling"),
        LawParameter("approach", .factor, "0.97", 500...1000, "factor of the ceiling: how near a long calm comes"),
        LawParameter("approachTicks", .count, "6", 0...60_000, "ticks of calm and use before coming that near"),
        LawParameter("roughProbeTicks", .count, "6", 1...60_000, "ticks before a probe past a ceiling marked while the use was rising"),
        LawParameter("probeTicks", .count, "8", 1...60_000, "ticks before a probe while a higher ceiling is known"),
        LawParameter("topProbeTicks", .count, "60", 1...60_000, "ticks before a probe past the highest known ceiling"),
        LawParameter("probeBackoff", .count, "16", 1...32_768, "factor: the longest wait over the first, doubled by each failed probe"),
        LawParameter("usedAtLeast", .factor, "0.85", 1...1000, "factor of the limit: with less use a raise would teach nothing"),
        LawParameter("missingStep", .factor, "0.9", 100...999, "factor: one step down while the flow is not measured"),
        LawParameter("retryTicks", .count, "6", 1...60_000, "ticks between brakes once two did not help"),
    ] + PacingFilters.table(flapBudget: 12) + MissingPolicy.table

    let filters: PacingFilters
    private let missingPolicy: MissingPolicy
    let settings: CeilingSettings
    private let usedAtLeast, missingStep, retryTicks: Int64

    init(_ parameters: LawParameters) {
        filters = PacingFilters(parameters)
        missingPolicy = MissingPolicy(parameters)
        usedAtLeast = parameters["usedAtLeast"]
        missingStep = parameters["missingStep"]
        retryTicks = parameters["retryTicks"]
        var settings = CeilingSettings()
        settings.brake = parameters["brake"]
        settings.furtherBrake = parameters["furtherBrake"]
        settings.drain = parameters["drain"]
        settings.climb = parameters["climb"]
        settings.probe = parameters["probe"]
        settings.approach = parameters["approach"]
        settings.approachTicks = parameters["approachTicks"]
        settings.roughProbeTicks = parameters["roughProbeTicks"]
        settings.probeTicks = parameters["probeTicks"]
        settings.topProbeTicks = parameters["topProbeTicks"]
        settings.probeBackoff = parameters["probeBackoff"]
        self.settings = settings
    }

    func decide(_ memory: Memory, _ input: LoopInput) -> (Memory, LoopOutcome) {
        var step = PlateauStep(rule: self, memory: memory, input: input)
        let proposal = step.propose()
        let staged = filters.stage(proposal, step.memory.pacing, step.frame)
        let outcome = step.frame.conclude(
            staged, smoothed: step.memory.pacing.smoothed.delay, thresholds: step.thresholds, sufferedAt: step.sufferedAt)
        return (step.settled(outcome), outcome)
    }

    func turningPoints(_ memory: Memory, _ input: LoopInput) -> [Int32] {
        // Where two brakes helped enough to try another.
        let improved = Int64(memory.firstRaw) * 7 / 10
        return filters.turningPoints(memory.pacing.smoothed, input)
            + [improved, improved + 1].compactMap { Int32(exactly: $0) }
    }
}

/// One step of `plateau@1`, in the order of its rules.
private struct PlateauStep {
    let rule: PlateauRule
    let input: LoopInput
    let frame: LoopFrame
    let thresholds: Thresholds
    var memory: PlateauRule.Memory
    /// The ceilings as they will be if this step's own wish is carried out.
    private var ceilingsIfDone: CeilingMemory?
    private(set) var sufferedAt: Int64?
    private var isFirstBrake = false

    init(rule: PlateauRule, memory: PlateauRule.Memory, input: LoopInput) {
        self.rule = rule
        self.input = input
        self.memory = memory
        self.memory.pacing.advance(elapsedMilliseconds: input.elapsedMilliseconds, flapTicks: rule.filters.flapTicks)
        frame = LoopFrame(
            input, minimum: LoopFrame.smallest, maximum: BitRate.maximum.bitsPerSecond, lastDesired: memory.pacing.lastDesired)
        thresholds = rule.filters.thresholds(input)
    }

    mutating func propose() -> Proposal {
        guard let raw = rule.filters.believable(input) else { return coast() }
        memory.pacing.missing = 0
        let isFresh = input.evidence.contains(.freshSinceDecrease)
        if isFresh, input.quality != .synthetic { memory.pacing.smoothed.add(raw, gainThousandths: rule.filters.gain) }
        if raw > input.bound { return isFresh || isUnproven ? brake(raw) : wait() }
        guard isFresh else { return wait() }
        let steering = input.quality == .synthetic ? raw : memory.pacing.smoothed.delay ?? raw
        if steering > thresholds.upper { return lower(raw) }
        if raw <= thresholds.upper { becomeCalm() }
        guard steering < thresholds.lower, raw <= input.target else {
            return Proposal(rate: frame.current, reason: .insideDeadband)
        }
        return rise()
    }

    // MARK: Not measured

    private mutating func coast() -> Proposal {
        if input.quality.hasValue { return wait() }
        memory.pacing.missing = memory.pacing.missing == .max ? .max : memory.pacing.missing + 1
        if memory.pacing.missing >= 3 { memory.pacing.smoothed = SmoothedDelay() }
        let standing = frame.current ?? min(frame.highest, input.used?.bitsPerSecond ?? frame.highest)
        return rule.missingPolicy(
            missing: memory.pacing.missing, current: frame.current, stepped: scaled(standing, rule.missingStepThousandths),
            lowest: frame.lowest)
    }

    private func wait() -> Proposal {
        Proposal(rate: frame.current, reason: input.evidence.contains(.notEnforced) ? .notEnforced : .waitingForEvidence)
    }

    // MARK: Down

    /// What the loop's workloads got through: the used rate less the share that the path lost. A flood that fills a queue loses
    /// what the link cannot carry, so this finds the link's rate where the sent rate alone would not.
    private var carried: Int64? {
        input.used.map { used in
            let kept = 1_000_000 - Int64(min(1_000_000, max(0, input.lossPartsPerMillion ?? 0)))
            return Int64(Int128(used.bitsPerSecond) * Int128(kept) / 1_000_000)
        }
    }

    /// There is no throughput source, and the limit stands where no use was ever proven.
    private var isUnproven: Bool { input.used == nil && (frame.current ?? .max) > memory.provenUse }

    private mutating func brake(_ raw: Delay) -> Proposal {
        guard let carried else { return brakeBlind(raw) }
        sufferedAt = carried
        if frame.current == frame.lowest { return Proposal(rate: frame.lowest, reason: .atFloor, isBrake: true) }
        if carried <= frame.lowest { return Proposal(rate: frame.current, reason: .notOurTraffic) }
        if twoBrakesDidNotHelp(raw) {
            memory.held = memory.held == .max ? .max : memory.held + 1
            if Int64(memory.held) % rule.retry != 0 { return Proposal(rate: frame.current, reason: .notOurTraffic) }
        }
        return Proposal(rate: comeDown(carried, raw, again: memory.brakes > 0), reason: .brakedAboveBound, isBrake: true)
    }

    private func twoBrakesDidNotHelp(_ raw: Delay) -> Bool {
        memory.brakes >= 2 && Int64(raw.hundredNanoseconds) > Int64(memory.firstRaw) * 7 / 10
    }

    private mutating func brakeBlind(_ raw: Delay) -> Proposal {
        sufferedAt = nil
        noteBrake(raw)
        let standing = frame.current ?? frame.highest
        return Proposal(rate: scaled(standing, rule.furtherBrakeThousandths), reason: .brakedAboveBound, isBrake: true)
    }

    /// Smoothed delay above the deadband, the raw one not above the bound: gently, through cooldown.
    private mutating func lower(_ raw: Delay) -> Proposal {
        guard let carried else {
            noteBrake(raw)
            let rate = scaled(frame.current ?? frame.highest, rule.brakeThousandths)
            return Proposal(rate: rate, reason: .aboveTarget)
        }
        sufferedAt = carried
        if frame.current == frame.lowest { return Proposal(rate: frame.lowest, reason: .atFloor) }
        if carried <= frame.lowest { return Proposal(rate: frame.current, reason: .notOurTraffic) }
        if twoBrakesDidNotHelp(raw) {
            memory.held = memory.held == .max ? .max : memory.held + 1
            if Int64(memory.held) % rule.retry != 0 { return Proposal(rate: frame.current, reason: .notOurTraffic) }
        }
        return Proposal(rate: comeDown(carried, raw, again: false), reason: .aboveTarget)
    }

    private mutating func comeDown(_ carried: Int64, _ raw: Delay, again: Bool) -> Int64 {
        noteBrake(raw)
        var ceilings = memory.ceilings
        let rate = ceilings.suffered(
            at: BitRate(bitsPerSecond: carried), under: frame.current.map(BitRate.init(bitsPerSecond:)), again: again,
            isRough: isUseRising, by: rule.ceilingSettings)
        ceilingsIfDone = ceilings
        return rate.bitsPerSecond
    }

    /// Whether the use was rising towards a limit that it did not come near: then its mean over the window says too little of the
    /// link. A falling use says too much, and suffering again corrects that.
    private var isUseRising: Bool {
        guard let used = input.used?.bitsPerSecond, used < scaled(frame.current ?? .max, 850) else { return false }
        return memory.lastUsed < 0 || used > memory.lastUsed + used / 20
    }

    private mutating func noteBrake(_ raw: Delay) {
        if memory.brakes == 0 {
            memory.firstRaw = raw.hundredNanoseconds
            memory.held = 0
        }
    }

    // MARK: Calm, and up

    private mutating func becomeCalm() {
        if let used = input.used {
            memory.provenUse = max(memory.provenUse, used.bitsPerSecond)
        } else if memory.brakes > 0, let current = frame.current {
            memory.provenUse = max(memory.provenUse, current)
        }
        memory.brakes = 0
        memory.held = 0
    }

    private mutating func rise() -> Proposal {
        guard let current = frame.current else { return Proposal(rate: nil, reason: .unlimited) }
        if let refusal = frame.raiseRefusal { return Proposal(rate: current, reason: refusal) }
        if current >= frame.highest { return Proposal(rate: current, reason: .atCeiling) }
        guard let used = input.used?.bitsPerSecond else {
            guard memory.provenUse > current else { return Proposal(rate: current, reason: .useNotProven) }
            return Proposal(rate: min(memory.provenUse, scaled(current, rule.climbThousandths)), reason: .belowTarget)
        }
        let isUsed = used >= scaled(current, rule.usedThousandths)
        var ceilings = memory.ceilings
        let advice = ceilings.calm(limit: BitRate(bitsPerSecond: current), isUsed: isUsed, by: rule.ceilingSettings)
        memory.ceilings = ceilings
        guard isUsed else { return Proposal(rate: current, reason: .limitNotUsed) }
        if !input.evidence.contains(.standalone) { return followGrant(from: current) }
        return switch advice.step {
        case .stay, .unused: Proposal(rate: current, reason: .atRememberedCeiling)
        case .climb: Proposal(rate: max(current, advice.rate.bitsPerSecond), reason: .belowTarget)
        case .probe: Proposal(rate: max(current, advice.rate.bitsPerSecond), reason: .probingCeiling)
        }
    }

    /// The coordinator decides when the link is probed: ask for a step more, and take of it what is granted.
    private func followGrant(from current: Int64) -> Proposal {
        return Proposal(rate: scaled(current, rule.climbThousandths), reason: .belowTarget)
    }

    // MARK: After the stages

    /// The memory after the step: what a brake taught counts only where the brake was made.
    func settled(_ outcome: LoopOutcome) -> PlateauRule.Memory {
        var after = memory
        if outcome.action == .decrease, outcome.reason == .brakedAboveBound || outcome.reason == .aboveTarget {
            if let ceilingsIfDone { after.ceilings = ceilingsIfDone }
            after.brakes = after.brakes == .max ? .max : after.brakes + 1
            if let desired = outcome.desired?.bitsPerSecond { after.provenUse = min(after.provenUse, desired) }
        }
        if outcome.action != .hold { after.pacing.smoothed = SmoothedDelay() }
        after.pacing.count(outcome)
        after.lastUsed = input.used?.bitsPerSecond ?? -1
        return after
    }
}

extension PlateauRule {
    fileprivate var ceilingSettings: CeilingSettings { settings }
    fileprivate var retry: Int64 { retryTicks }
    fileprivate var usedThousandths: Int64 { usedAtLeast }
    fileprivate var missingStepThousandths: Int64 { missingStep }
    fileprivate var brakeThousandths: Int64 { settings.brake }
    fileprivate var furtherBrakeThousandths: Int64 { settings.furtherBrake }
    fileprivate var climbThousandths: Int64 { settings.climb }
    fileprivate func missingPolicy(missing: UInt16, current: Int64?, stepped: Int64, lowest: Int64) -> Proposal {
        missingPolicy.proposal(missing: missing, current: current, stepped: stepped, lowest: lowest)
    }
}
