import Events
import Quantities

/// What a law wants before the stages behind it: a rate for the loop (nil: leave it unlimited), and why.
struct Proposal {
    var rate: Int64?
    var reason: DecisionReason
    /// Lowers at once: past flap budget and cooldown.
    var isBrake = false
}

/// The rates and permissions that every law stands in: guardrails, mode, grant, and what a raise needs. Unit of all rates: bit/s.
///
/// A rate that a law computes is a whole number of kilobits per second, rounded down; a rate that stands (applied, granted,
/// floor, ceiling) is left as it is.
struct LoopFrame {
    /// 1 kbit/s: the lowest rate that is enforced. Below it a CNI may read *unlimited*.
    static let smallest: Int64 = 1_000

    let input: LoopInput
    let lowest: Int64
    let highest: Int64
    /// The rate that stands: what is applied, or, until the read-back confirms it, what was decided last. Nil: unlimited.
    let current: Int64?

    /// `minimum` and `maximum` are the law's own clamp; the guardrails win where they leave it no room.
    init(_ input: LoopInput, minimum: Int64, maximum: Int64, lastDesired: Int64?) {
        let floor = max(LoopFrame.smallest, input.floor.bitsPerSecond)
        let ceiling = input.ceiling.bitsPerSecond
        self.input = input
        lowest = min(max(floor, minimum), max(floor, ceiling))
        highest = max(floor, min(ceiling, max(maximum, floor)))
        current = LoopFrame.standing(input, lastDesired: lastDesired)
    }

    private static func standing(_ input: LoopInput, lastDesired: Int64?) -> Int64? {
        let applied = input.applied?.bitsPerSecond
        guard !input.evidence.contains(.confirmed), let lastDesired else { return applied }
        guard let applied, lastDesired > applied else { return lastDesired }
        // A raise on its way is kept only while nothing speaks against it.
        let isAllowed = input.evidence.contains(.standalone) || (input.grant?.bitsPerSecond ?? 0) >= lastDesired
        let isCalm = input.quality == .measured && (input.raw ?? input.bound) < input.bound
        return isAllowed && isCalm && !input.evidence.contains(.notEnforced) ? lastDesired : applied
    }

    /// Whether the ceiling leaves room for any rate that can be enforced.
    var hasRoom: Bool { input.ceiling.bitsPerSecond >= LoopFrame.smallest && input.ceiling >= input.floor }

    func clamp(_ rate: Int64) -> Int64 {
        min(max(rate / 1000 * 1000, lowest), highest)
    }

    /// What forbids a raise at this tick, whatever the law. Nil: nothing does.
    var raiseRefusal: DecisionReason? {
        guard input.quality == .measured, let raw = input.raw else { return .waitingForEvidence }
        // Even a rate below its floor waits while the flow suffers.
        if raw > input.bound { return .atFloor }
        if !input.evidence.contains(.baseProven) { return .baseNotProven }
        if input.evidence.contains(.notEnforced) { return .notEnforced }
        if !input.evidence.contains(.freshSinceChange) || !input.evidence.contains(.confirmed) { return .waitingForEvidence }
        if input.evidence.contains(.resumed) { return .resumed }
        return nil
    }
}

/// The outputs of the stages between a law's proposal and the clamp.
struct Staged {
    var proposal: Proposal
    var afterFlapBudget: Int64?
    var afterCooldown: Int64?
    var reason: DecisionReason

    init(_ proposal: Proposal) {
        self.proposal = proposal
        afterFlapBudget = proposal.rate
        afterCooldown = proposal.rate
        reason = proposal.reason
    }
}

extension LoopFrame {
    /// The last stages: clamp and guardrails, what a raise needs, grant, mode.
    func conclude(_ staged: Staged, smoothed: Delay?, thresholds: Thresholds, sufferedAt: Int64? = nil) -> LoopOutcome {
        let clamped = staged.afterCooldown.map(clampKeepingCurrent)
        var outcome = LoopOutcome(
            action: .hold, reason: staged.reason, smoothed: smoothed, lowerThreshold: thresholds.lower,
            upperThreshold: thresholds.upper, proposed: staged.proposal.rate.map(rate), afterFlapBudget: staged.afterFlapBudget.map(rate),
            afterCooldown: staged.afterCooldown.map(rate), afterClamp: clamped.map(rate), sufferedAt: sufferedAt.map(rate))
        let verdict = verdict(wanted: clamped, staged: staged)
        outcome.action = verdict.action
        outcome.reason = verdict.reason
        outcome.desired = verdict.desired.map(rate)
        outcome.requested = verdict.requested.map(rate)
        return outcome
    }

    private struct Verdict {
        var action: LoopAction
        var reason: DecisionReason
        var desired: Int64?
        var requested: Int64?
    }

    private func verdict(wanted: Int64?, staged: Staged) -> Verdict {
        guard hasRoom else { return Verdict(action: .hold, reason: .atCeiling, desired: nil) }
        if !input.evidence.contains(.mayAct) { return hold(.observing, at: input.applied?.bitsPerSecond) }
        if input.evidence.contains(.paused) { return hold(.paused, at: input.applied?.bitsPerSecond) }
        let grant = input.grant.map { max(lowest, min($0.bitsPerSecond, highest)) }
        guard let current else { return verdictWhenUnlimited(wanted: wanted, grant: grant, reason: staged.reason) }
        let wanted = wanted ?? current
        if let grant, grant < current, grant < wanted {
            return Verdict(action: .decrease, reason: .grantLowered, desired: grant)
        }
        if wanted < current {
            let isGuardrail = (staged.proposal.rate ?? current) >= current
            return Verdict(action: .decrease, reason: isGuardrail ? .atCeiling : staged.reason, desired: wanted)
        }
        guard wanted - current >= smallestRaise(over: current) else { return holdAtEdge(staged, current: current) }
        if let refusal = raiseRefusal { return hold(refusal, at: current) }
        return raise(to: wanted, from: current, grant: grant, reason: staged.reason)
    }

    private func verdictWhenUnlimited(wanted: Int64?, grant: Int64?, reason: DecisionReason) -> Verdict {
        guard let lower = [wanted, grant].compactMap({ $0 }).min() else { return hold(reason, at: nil) }
        return Verdict(action: .decrease, reason: lower == wanted ? reason : .grantLowered, desired: lower)
    }

    private func raise(to wanted: Int64, from current: Int64, grant: Int64?, reason: DecisionReason) -> Verdict {
        if input.evidence.contains(.standalone) { return Verdict(action: .increase, reason: reason, desired: wanted) }
        guard let grant else {
            var verdict = hold(.noGrant, at: current)
            verdict.requested = wanted
            return verdict
        }
        let allowed = min(wanted, grant)
        let requested = wanted > allowed ? wanted : nil
        guard allowed - current >= smallestRaise(over: current) else {
            var verdict = hold(.limitedByGrant, at: current)
            verdict.requested = wanted
            return verdict
        }
        return Verdict(action: .increase, reason: requested == nil ? reason : .limitedByGrant, desired: allowed, requested: requested)
    }

    /// A limit reads back a few bits below what was written, for it is divided among replicas and rounded to bytes. What is less
    /// than a thousandth above it is the same rate.
    private func smallestRaise(over current: Int64) -> Int64 { max(LoopFrame.smallest, current / 1000) }

    /// Nothing moves. Says so where it is an edge that holds it.
    private func holdAtEdge(_ staged: Staged, current: Int64) -> Verdict {
        guard let proposed = staged.afterCooldown, proposed != current else { return hold(staged.reason, at: current) }
        // The same rate, read back some bits lower.
        if proposed > current, proposed - current < smallestRaise(over: current) { return hold(staged.reason, at: current) }
        return hold(proposed < current ? .atFloor : .atCeiling, at: current)
    }

    /// Leaves all as it is; a rate outside the guardrails is never repeated as a wish.
    private func hold(_ reason: DecisionReason, at rate: Int64?) -> Verdict {
        Verdict(action: .hold, reason: reason, desired: rate.flatMap { (lowestGuardrail...highest).contains($0) ? $0 : nil })
    }

    private var lowestGuardrail: Int64 { min(max(LoopFrame.smallest, input.floor.bitsPerSecond), highest) }

    /// A rate that stands inside the bounds is left as it is, odd bits included.
    private func clampKeepingCurrent(_ rate: Int64) -> Int64 {
        rate == current && (lowest...highest).contains(rate) ? rate : clamp(rate)
    }

    private func rate(_ bitsPerSecond: Int64) -> BitRate { BitRate(bitsPerSecond: max(0, bitsPerSecond)) }
}

/// The deadband around a target.
struct Thresholds {
    let lower: Delay
    let upper: Delay

    init(lower: Delay, upper: Delay) {
        self.lower = lower
        self.upper = upper
    }
    init(target: Delay, lowThousandths: Int64, highThousandths: Int64) {
        lower = target.scaled(thousandths: lowThousandths)
        upper = target.scaled(thousandths: highThousandths)
    }
}

/// A rate times thousandths, rounded down. Exact for every rate that is believed.
func scaled(_ rate: Int64, _ thousandths: Int64) -> Int64 {
    rate == .max ? rate : BitRate(bitsPerSecond: rate).scaled(thousandths: thousandths).bitsPerSecond
}
