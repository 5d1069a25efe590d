import Alerting
public import Events

/// What many runs came to together: how often each fault struck, each reason was given and each alert fired, and
/// which never was.
public struct SimulationBatch: Sendable {
    public private(set) var runs = 0
    public private(set) var ticks: Int64 = 0
    public private(set) var steps: Int64 = 0
    public private(set) var faults: [FaultKind: Int] = [:]
    public private(set) var reasons: [DecisionReason: Int] = [:]
    /// By the name of the rule.
    public private(set) var alerts: [String: Int] = [:]

    /// From so many runs on each fault, each reason and each alert must have been seen.
    public static let runsToCover = 100

    /// The reasons that a simulated fleet never gives, each with why.
    public static let exemptReasons: [DecisionReason: String] = [
        .atTarget: "fixed-step@1 alone gives it, for a sample that equals the target to 100 ns; a unit test holds it",
        .paused: "no input of a shipper pauses a loop yet; the law's own tests hold it",
    ]

    public init() {}

    public mutating func add(_ outcome: SimulationRun.Outcome) {
        runs += 1
        ticks += outcome.ticks
        steps += outcome.steps
        faults.merge(outcome.faultsSeen, uniquingKeysWith: +)
        reasons.merge(outcome.reasonsSeen, uniquingKeysWith: +)
        alerts.merge(outcome.alertsSeen, uniquingKeysWith: +)
    }

    /// What was never seen though the batch is large enough to see it, in words; empty for a smaller one.
    /// - Parameter kinds: the faults that were asked for.
    public func unseen(_ kinds: Set<FaultKind>) -> [String] {
        guard runs >= SimulationBatch.runsToCover else { return [] }
        let missingFaults = FaultKind.allCases.filter { kinds.contains($0) && faults[$0] == nil }.map { "fault \($0.rawValue)" }
        let missingReasons = DecisionReason.allCases.filter { reasons[$0] == nil && SimulationBatch.exemptReasons[$0] == nil }
            .map { "reason \($0.word)" }
        let missingAlerts = AlertRule.allCases.map(\.rawValue).filter { alerts[$0] == nil }.map { "alert \($0)" }
        return missingFaults + (kinds.isEmpty ? [] : missingReasons + missingAlerts)
    }
}
