public import ControlLaw
public import Events
public import Quantities

/// One law's answer to one scenario.
public struct ScenarioRun: Sendable {
    public struct Step: Sendable {
        public var delay: Delay
        public var outcome: LoopOutcome
        /// What stands after the step.
        public var rate: BitRate
    }
    public let scenario: Scenario
    public let law: Law
    public let seed: UInt64
    public let steps: [Step]

    /// The law alone, with an enforcer that follows at once and traffic that uses what it may.
    public init(_ scenario: Scenario, under law: Law, seed: UInt64) {
        self.scenario = scenario
        self.law = law
        self.seed = seed
        var state = law.initialState
        var rate = scenario.start
        var steps: [Step] = []
        for delay in scenario.delays(seed: seed) {
            let input = LoopInput(
                flow: 0, quality: .measured, count: 100, raw: delay, ageMilliseconds: 20, lossPartsPerMillion: 0, target: scenario.target,
                bound: scenario.bound, elapsedMilliseconds: Int32(clamping: scenario.tick.milliseconds), used: rate, applied: rate,
                floor: scenario.floor, ceiling: scenario.ceiling,
                evidence: [.freshSinceDecrease, .freshSinceChange, .confirmed, .baseProven, .standalone, .mayAct])
            let (after, outcome) = law.step(state: state, input: input)
            state = after
            if outcome.action != .hold, let desired = outcome.desired { rate = desired }
            steps.append(Step(delay: delay, outcome: outcome, rate: rate))
        }
        self.steps = steps
    }

    // MARK: Measures of the loop

    public var delays: [Delay] { steps.map(\.delay) }
    public var meanDelayMilliseconds: Double { delays.reduce(0) { $0 + $1.milliseconds } / Double(steps.count) }
    public var meanRate: BitRate { BitRate(bitsPerSecond: steps.reduce(0) { $0 + $1.rate.bitsPerSecond } / Int64(steps.count)) }
    public var lowestRate: BitRate { steps.map(\.rate).min() ?? .zero }
    public var highestRate: BitRate { steps.map(\.rate).max() ?? .zero }
    public var lastRate: BitRate { steps.last?.rate ?? .zero }
    public var patches: Int { steps.count { $0.outcome.action != .hold } }
    public var stepsAboveTarget: Int { delays.count { $0 > scenario.target } }
    public var stepsAboveBound: Int { delays.count { $0 > scenario.bound } }
    /// Steps that ended at the floor, at the ceiling.
    public var stepsAtFloor: Int { steps.count { $0.rate <= scenario.floor } }
    public var stepsAtCeiling: Int { steps.count { $0.rate >= scenario.ceiling } }
    /// Steps at the floor while the flow was still above its target: nothing was left to give.
    public var stepsStuck: Int {
        steps.indices.count { $0 > 0 && steps[$0].rate <= scenario.floor && steps[$0 - 1].rate <= scenario.floor && steps[$0].delay > scenario.target }
    }
    public var reversals: Int {
        let directions = steps.map(\.outcome.action).filter { $0 != .hold }
        return zip(directions, directions.dropFirst()).count { $0 != $1 }
    }
    /// Steps above the bound in which the law held, for braking had not helped: it says that the traffic is others'.
    public var stepsAttributed: Int { steps.count { $0.outcome.reason == .notOurTraffic } }
    /// Steps above the bound at which the rate was neither lowered nor at its floor, nor the traffic called others'.
    public var stepsUnanswered: Int {
        steps.count {
            $0.delay > scenario.bound && $0.outcome.action != .decrease && $0.rate > scenario.floor && $0.outcome.reason != .notOurTraffic
        }
    }

    /// What the measures come to. Computed, the worst that is true first.
    public var verdict: Verdict {
        let many = steps.count / 4
        if stepsStuck >= many { return .saturatedAtFloor }
        if stepsUnanswered > max(3, stepsAboveBound / 4) { return .unprotected }
        if reversals * 10 > steps.count { return .oscillating }
        if stepsAttributed * 2 > stepsAboveBound, stepsAboveBound > 0 { return .attributed }
        if stepsAtCeiling >= many { return .saturatedAtCeiling }
        let last = steps.suffix(10).map(\.outcome.action)
        if last.count(where: { $0 == .increase }) > 5 { return .stillRising }
        if last.count(where: { $0 == .decrease }) > 5 { return .stillFalling }
        return .settled
    }

    public enum Verdict: String, Sendable, CaseIterable {
        case saturatedAtFloor = "saturated at the floor"
        case unprotected = "unprotected"
        case oscillating = "oscillating"
        case attributed = "attributed to others"
        case saturatedAtCeiling = "saturated at the ceiling"
        case stillRising = "still rising"
        case stillFalling = "still falling"
        case settled = "settled"

        /// How it is decided.
        public var rule: String {
            switch self {
            case .saturatedAtFloor: "a quarter of the steps or more at the floor, the flow still above its target"
            case .unprotected: "more than a quarter of the steps above the bound (and more than 3) with no decrease, room for one, and no word of why"
            case .oscillating: "more than one reversal of direction per ten steps"
            case .attributed: "in most steps above the bound held, for braking had not helped: the traffic is others', and the law says so"
            case .saturatedAtCeiling: "a quarter of the steps or more at the ceiling"
            case .stillRising: "more than half of the last ten steps raised"
            case .stillFalling: "more than half of the last ten steps lowered"
            case .settled: "none of the others"
            }
        }
        /// Whether the loop did its work.
        public var isGood: Bool {
            switch self {
            case .saturatedAtFloor, .unprotected, .oscillating: false
            case .attributed, .saturatedAtCeiling, .stillRising, .stillFalling, .settled: true
            }
        }
    }
}
