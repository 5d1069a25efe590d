public import Events
public import Quantities

/// The way of a rate through the stages of a law, in their order, from what stood to what is desired.
public struct StageTrail: Hashable, Sendable {
    public struct Stage: Hashable, Sendable {
        public let name: String
        /// Nil: the stage gave no rate (unlimited, or nothing proposed).
        public let rate: BitRate?
        /// Whether it differs from the stage before.
        public let changed: Bool
    }
    public let stages: [Stage]

    public init(_ decision: LoopDecision) {
        let outcome = decision.outcome
        let named: [(String, BitRate?)] = [
            ("applied", decision.input.applied), ("law", outcome.proposed), ("flap budget", outcome.afterFlapBudget),
            ("cooldown", outcome.afterCooldown), ("clamp", outcome.afterClamp), ("grant and mode", outcome.desired),
        ]
        var stages: [Stage] = []
        for (name, rate) in named {
            stages.append(Stage(name: name, rate: rate, changed: stages.last.map { $0.rate != rate } ?? true))
        }
        self.stages = stages
    }

    /// `applied 180 Mbit/s → law 120 Mbit/s → flap budget = → …`: `=` where the stage changed nothing, `–` where it has no rate.
    public var text: String {
        stages.map { stage in
            guard let rate = stage.rate else { return "\(stage.name) –" }
            return "\(stage.name) \(stage.changed ? rate.readable : "=")"
        }.joined(separator: " → ")
    }
}
