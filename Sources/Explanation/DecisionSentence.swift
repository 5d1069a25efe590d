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
        let acts = input.evidence.contains(.mayAct) && !input.evidence.contains(.paused) && !decision.isShadow
        let target = outcome.desired ?? outcome.afterClamp ?? outcome.proposed
        let to = target.map { " to \($0.readable)" } ?? ""
        switch outcome.action {
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
        func smoothed(against bounds: Delay...) -> String {
            "\(flow)'s smoothed p95 of \(distinct(outcome.smoothed, from: bounds))"
        }
        let used = rate(input.used, none: "an unknown rate")
        let grant = rate(input.grant, none: "nothing")
        return switch decision.outcome.reason {
        case .brakedAboveBound: "\(raw(against: input.bound)) is above its bound of \(exact(input.bound))"
        case .aboveTarget: "\(smoothed(against: outcome.upperThreshold)) is above \(exact(outcome.upperThreshold))"
        case .belowTarget: "\(smoothed(against: outcome.lowerThreshold)) is below \(exact(outcome.lowerThreshold))"
        case .insideDeadband: "\(smoothed(against: outcome.lowerThreshold, outcome.upperThreshold)) is between \(exact(outcome.lowerThreshold)) and \(exact(outcome.upperThreshold))"
        case .atTarget: "\(raw(against: input.target)) is exactly its target"
        case .cooldown: "the last change is too recent"
        case .flapBudget: "the direction turned too often, so the lower rate is kept"
        case .measurementMissing: "\(flow) is \(input.quality.word), so there is no number to act on"
        case .measurementMissingStepDown: "\(flow) has been \(input.quality.word) for several ticks"
        case .measurementMissingFloor: "\(flow) has been \(input.quality.word) for several ticks, and the policy says floor"
        case .waitingForEvidence: "what was measured reaches back before the last change took effect"
        case .limitNotUsed: "only \(used) of \(rate(input.applied, none: "no limit")) is used"
        case .useNotProven: "use at a higher rate was never proven"
        case .atRememberedCeiling: "just below the rate at which \(flow) suffered before"
        case .probingCeiling: "trying gently past the remembered ceiling"
        case .notOurTraffic: "\(raw(against: input.bound)) suffers, but not from this site's \(used)"
        case .notEnforced: "the applied rate is not yet the desired one"
        case .atFloor: "the floor of \(input.floor.readable) is reached"
        case .atCeiling: "the ceiling of \(input.ceiling.readable) is reached"
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
