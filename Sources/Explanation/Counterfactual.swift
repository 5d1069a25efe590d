public import Events
public import Quantities

/// At which raw value of the steering sample the decision would have been another: `at a raw p95 ≤ 1.20 ms it would have held`.
public struct Counterfactual: Hashable, Sendable {
    public let threshold: Delay
    public let action: LoopAction
    /// What was decided: tells on which side of the threshold the other action lies.
    public let decided: LoopAction

    /// Nil where no value would have changed the decision.
    public init?(_ outcome: LoopOutcome) {
        guard let threshold = outcome.counterfactual, let action = outcome.counterfactualAction else { return nil }
        self.threshold = threshold
        self.action = action
        self.decided = outcome.action
    }

    public var text: String {
        let verb =
            switch action {
            case .hold: "held"
            case .decrease: "lowered"
            case .increase: "raised"
            }
        return "at a raw p95 \(comparison) \(exact(threshold)) it would have \(verb)"
    }

    /// A worse delay leads from increase over hold to decrease, so the side follows from the two actions.
    private var comparison: String {
        let (before, after) = (Counterfactual.severity(decided), Counterfactual.severity(action))
        return after < before ? "≤" : after > before ? "≥" : "="
    }
    private static func severity(_ action: LoopAction) -> Int {
        switch action {
        case .increase: 0
        case .hold: 1
        case .decrease: 2
        }
    }
}
