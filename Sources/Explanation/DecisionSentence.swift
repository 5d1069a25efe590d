public import Events
import Quantities

/// One decision in one sentence with its numbers: the same for table, page, webhook and Kubernetes Event.
///
///     Lowered from 180 Mbit/s to 120 Mbit/s: robot-control's p95 of 2.31 ms is above its bound of 1.50 ms.
public struct DecisionSentence: Sendable {
    public let decision: LoopDecision
    private let names: RosterNames

    public init(_ decision: LoopDecision, roster: Roster?) {
        self.decision = decision
        self.names = RosterNames(roster: roster)
    }

    public var text: String { plainLine("\(act): \(cause).") }

    /// What is done: `Lowered from … to …`, `Held at …`, `Would raise to …`, `Asks for …`.
    public var act: String {
        let (input, outcome) = (decision.input, decision.outcome)
        let from = input.applied.map { " from \($0.readable)" } ?? ""
        let isHeldBack = !input.evidence.contains(.mayAct) || input.evidence.contains(.paused)
        let acts = !isHeldBack && !decision.isShadow
        // A loop that may not act decides to hold; what it would have done stands in the stage before.
        let target = isHeldBack ? outcome.afterClamp : outcome.desired ?? outcome.afterClamp ?? outcome.proposed
        let to = target.map { " to \($0.readable)" } ?? ""
        switch isHeldBack ? DecisionSentence.direction(from: input.applied, to: target) : outcome.action {
        case .hold:
            if let requested = outcome.requested, acts { return "Held and asks for \(requested.readable)" }
            return input.applied.map { "\(acts ? "Held" : "Would hold") at \($0.readable)" }
                ?? (acts ? "Left without a limit" : "Would leave without a limit")
        case .decrease: return acts ? "Lowered\(from)\(to)" : "Would lower\(from)\(to)"
        case .increase:
            if let requested = outcome.requested, outcome.desired == nil || outcome.desired == input.applied {
                return acts ? "Asks for a raise\(from) to \(requested.readable)" : "Would ask for a raise\(from) to \(requested.readable)"
            }
            return acts ? "Raised\(from)\(to)" : "Would raise\(from)\(to)"
        }
    }

    private static func direction(from applied: BitRate?, to target: BitRate?) -> LoopAction {
        guard let target, target != applied else { return .hold }
        return applied.map { target > $0 } == true ? .increase : .decrease
    }

    /// With two digits behind the point, or exactly where that would read as the very value it is compared with.
    private func distinct(_ delay: Delay?, from others: Delay...) -> String { distinct(delay, from: others) }
    private func distinct(_ delay: Delay?, from others: [Delay]) -> String {
        guard let delay else { return "no number" }
        return others.contains { $0 != delay && $0.description == delay.description } ? exact(delay) : delay.description
    }

    /// Why, with the numbers that decided, as a clause without its full stop.
    public var cause: String {
        let (input, outcome) = (decision.input, decision.outcome)
        let flow = names.flow(input.flow)
        func raw(against bound: Delay) -> String { "\(flow)'s p95 of \(distinct(input.raw, from: bound))" }
        // The value that steered: the smoothed one, unless a law smooths nothing or stepped past it.
        func steering(_ holds: (Delay) -> Bool, against bounds: Delay...) -> String {
            let usesSmoothed = outcome.smoothed != input.raw && outcome.smoothed.map(holds) != false
            let value = usesSmoothed ? outcome.smoothed : input.raw
            return "\(flow)'s \(usesSmoothed ? "smoothed " : "")p95 of \(distinct(value, from: bounds))"
        }
        let (lower, upper) = (outcome.lowerThreshold, outcome.upperThreshold)
        let wish = outcome.proposed.flatMap { $0 == outcome.afterCooldown ? nil : " to go to \($0.readable)" } ?? ""
        let used = rate(input.used, none: "an unknown rate")
        let grant = rate(input.grant, none: "nothing")
        return switch decision.outcome.reason {
        case .brakedAboveBound: "\(raw(against: input.bound)) is above its bound of \(exact(input.bound))"
        case .aboveTarget: "\(steering({ $0 > upper }, against: upper)) is above \(exact(upper))"
        case .belowTarget: "\(steering({ $0 < lower }, against: lower)) is below \(exact(lower))"
        case .insideDeadband where outcome.smoothed.map { $0 < lower } == true:
            "the smoothed p95 would allow a raise, and \(raw(against: input.target)) is above the target of \(exact(input.target))"
        case .insideDeadband:
            "\(steering({ $0 >= lower && $0 <= upper }, against: lower, upper)) is between \(exact(lower)) and \(exact(upper))"
        case .atTarget: "\(raw(against: input.target)) is exactly its target"
        case .cooldown: "the last change is too recent\(wish)"
        case .flapBudget: "the direction turned too often\(wish), so the lower rate is kept"
        case .measurementMissing: "\(flow) has no number that can be believed (\(input.quality.word))"
        case .measurementMissingStepDown: "\(flow) has had no number for several ticks (\(input.quality.word))"
        case .measurementMissingFloor:
            "\(flow) has had no number for several ticks (\(input.quality.word)), and the policy says floor"
        case .waitingForEvidence: "what was measured reaches back before the last change took effect"
        case .limitNotUsed: "only \(used) of \(rate(input.applied, none: "no limit")) is used"
        case .useNotProven: "use at a higher rate was never proven"
        case .atRememberedCeiling: "just below the rate at which \(flow) suffered before"
        case .probingCeiling: "trying gently past the remembered ceiling"
        case .notOurTraffic: "\(raw(against: input.bound)) does not come from this site's \(used), or lowering that did not help"
        case .notEnforced: "the applied rate is not yet the desired one"
        case .atFloor where input.raw.map { $0 > input.bound } == true:
            "\(raw(against: input.bound)) is above its bound of \(exact(input.bound)), and the floor is \(input.floor.readable)"
        case .atFloor: "the floor is \(input.floor.readable)"
        case .atCeiling: "the ceiling is \(input.ceiling.readable)"
        case .noGrant: "no living grant allows a raise"
        case .limitedByGrant: "the grant ends at \(grant)"
        case .grantLowered: "the grant fell to \(grant)"
        case .baseNotProven: "\(flow) has no proven base delay yet"
        case .paused: "a person has paused this loop"
        case .observing: "the mode only observes"
        case .resumed: "first decision after a restart, from the stored state"
        case .unlimited: "no limit of ours stands, so there is nothing to raise"
        }
    }
}
