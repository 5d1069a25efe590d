import Events
import Quantities

/// One step of `plateau@1`, in the order of its rules.
struct PlateauStep {
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
        thresholds = rule.filters.thresholds(input, memory.pacing)
    }

    mutating func propose() -> Proposal {
        guard let raw = rule.filters.believable(input) else { return coast() }
        memory.pacing.missing = 0
        let isFresh = input.evidence.contains(.freshSinceDecrease)
        if isFresh, input.quality != .synthetic { memory.pacing.smooth(raw, of: input, by: rule.filters) }
        if raw > input.bound { return isFresh || isUnproven ? brake(raw) : wait() }
        guard isFresh else { return wait() }
        let steering = input.quality == .synthetic ? raw : memory.pacing.smoothed.delay ?? raw
        if steering > thresholds.upper { return lower(raw) }
        if raw <= thresholds.upper { becomeCalm() }
        #if DEBUG
        if PlantedBug.skipDeadband.isPlanted { return rise() }
        #endif
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
        return rule.missingPolicy.proposal(
            missing: memory.pacing.missing, current: frame.current, stepped: scaled(standing, rule.missingStep),
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
        guard let carried else { return brakeBlind() }
        forgetBlindBrakes()
        sufferedAt = carried
        if isAtFloor { return Proposal(rate: frame.lowest, reason: .atFloor, isBrake: true) }
        if carried <= frame.lowest { return Proposal(rate: frame.current, reason: .notOurTraffic) }
        if twoBrakesDidNotHelp(raw) {
            memory.held = memory.held == .max ? .max : memory.held + 1
            if Int64(memory.held) % rule.retryTicks != 0 { return Proposal(rate: frame.current, reason: .notOurTraffic) }
        }
        return Proposal(rate: comeDown(carried, raw, episode(raw)), reason: .brakedAboveBound, isBrake: true)
    }

    private var isAtFloor: Bool { frame.current.map { $0 <= frame.lowest } ?? false }

    private func twoBrakesDidNotHelp(_ raw: Delay) -> Bool {
        memory.brakes >= 2 && Int64(raw.hundredNanoseconds) > Int64(memory.firstRaw) * 7 / 10
    }

    /// What was braked without knowing the use tells nothing of whose traffic it is.
    private mutating func forgetBlindBrakes() {
        if memory.firstRaw == 0 { memory.brakes = 0 }
    }

    private mutating func brakeBlind() -> Proposal {
        sufferedAt = nil
        noteBlindBrake()
        let standing = frame.current ?? frame.highest
        return Proposal(rate: scaled(standing, rule.settings.furtherBrake), reason: .brakedAboveBound, isBrake: true)
    }

    /// Smoothed delay above the deadband, the raw one not above the bound: gently, through cooldown.
    private mutating func lower(_ raw: Delay) -> Proposal {
        guard let carried else {
            noteBlindBrake()
            let rate = scaled(frame.current ?? frame.highest, rule.settings.brake)
            return Proposal(rate: rate, reason: .aboveTarget)
        }
        forgetBlindBrakes()
        sufferedAt = carried
        if isAtFloor { return Proposal(rate: frame.lowest, reason: .atFloor) }
        if carried <= frame.lowest { return Proposal(rate: frame.current, reason: .notOurTraffic) }
        if twoBrakesDidNotHelp(raw) {
            memory.held = memory.held == .max ? .max : memory.held + 1
            if Int64(memory.held) % rule.retryTicks != 0 { return Proposal(rate: frame.current, reason: .notOurTraffic) }
        }
        return Proposal(rate: comeDown(carried, raw, .first), reason: .aboveTarget)
    }

    private func episode(_ raw: Delay) -> CeilingMemory.Episode {
        CeilingMemory.Episode(falls: Int(memory.brakes), firstRaw: Delay(hundredNanoseconds: memory.firstRaw), raw: raw)
    }

    private mutating func comeDown(_ carried: Int64, _ raw: Delay, _ episode: CeilingMemory.Episode) -> Int64 {
        noteBrake(raw)
        var ceilings = memory.ceilings
        let rate = ceilings.suffered(
            at: BitRate(bitsPerSecond: carried), under: frame.current.map(BitRate.init(bitsPerSecond:)), episode,
            isRough: isUseRising, by: rule.settings)
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
            memory.firstRaw = max(1, raw.hundredNanoseconds)
            memory.held = 0
        }
    }

    private mutating func noteBlindBrake() {
        if memory.brakes == 0 { (memory.firstRaw, memory.held) = (0, 0) }
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
            return Proposal(rate: min(memory.provenUse, scaled(current, rule.settings.climb)), reason: .belowTarget)
        }
        let isUsed = used >= scaled(current, rule.usedAtLeast)
        var ceilings = memory.ceilings
        let advice = ceilings.calm(limit: BitRate(bitsPerSecond: current), isUsed: isUsed, by: rule.settings)
        memory.ceilings = ceilings
        guard isUsed else { return Proposal(rate: current, reason: .limitNotUsed) }
        if !input.evidence.contains(.standalone) { return followGrant(from: current) }
        return switch advice.step {
        case .stay, .unused: Proposal(rate: current, reason: .atRememberedCeiling)
        case .climb: Proposal(rate: max(current, advice.rate.bitsPerSecond), reason: .belowTarget)
        case .probe: Proposal(rate: max(current, advice.rate.bitsPerSecond), reason: .probingCeiling)
        }
    }

    /// The coordinator decides when the link is probed: ask for more, and take of it what is granted. The step is larger than one of
    /// our own: what a grant allows, the link is believed to carry, and a site that begins low reaches its share in few ticks.
    private func followGrant(from current: Int64) -> Proposal {
        return Proposal(rate: scaled(current, PlateauStep.grantClimb), reason: .belowTarget)
    }
    private static let grantClimb: Int64 = 1_500

    // MARK: After the stages

    /// Whether a brake of this step is one of which it can be said later that it did not help. One that was decided before the last was in
    /// force is the same brake again, and what first limits a workload may lie above all that it sends.
    private var tellsOfHelp: Bool {
        // Among others that do, a blind one says nothing.
        guard input.used != nil else { return memory.firstRaw == 0 }
        return frame.current != nil && (memory.brakes == 0 || input.evidence.contains(.confirmed))
    }

    /// The memory after the step: what a brake taught counts only where the brake was made.
    func settled(_ outcome: LoopOutcome) -> PlateauRule.Memory {
        var after = memory
        if outcome.action == .decrease, outcome.reason == .brakedAboveBound || outcome.reason == .aboveTarget {
            if let ceilingsIfDone { after.ceilings = ceilingsIfDone }
            if tellsOfHelp { after.brakes = after.brakes == .max ? .max : after.brakes + 1 }
            if let desired = outcome.desired?.bitsPerSecond { after.provenUse = min(after.provenUse, desired) }
        }
        if outcome.action != .hold { after.pacing.smoothed = SmoothedDelay() }
        after.pacing.count(outcome)
        after.lastUsed = input.used?.bitsPerSecond ?? -1
        return after
    }
}
