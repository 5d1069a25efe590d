public import Events

/// The documented meaning of each reason, and what an operator may do about it. This is the list that pages, help and
/// Kubernetes Events quote; a new reason does not compile until it has both.
public struct ReasonSentence: Hashable, Sendable {
    public let reason: DecisionReason
    public init(_ reason: DecisionReason) { self.reason = reason }

    /// What is true when this reason is given, whatever the row then did: that is said beside it. One sentence.
    public var meaning: String {
        switch reason {
        case .brakedAboveBound: "A raw sample lies above the SLA bound on fresh evidence, which brakes at once, past filters and cooldown."
        case .aboveTarget: "The smoothed delay lies above the deadband, which calls for a lower limit."
        case .belowTarget: "The smoothed delay lies below the deadband and the limit is used, so the limit may rise."
        case .insideDeadband: "The smoothed delay lies inside the deadband, or the raw one still above the target: no change is right."
        case .atTarget: "The delay is exactly at the target, where the fixed-step law holds."
        case .cooldown: "The last change is too recent for another one in this direction."
        case .flapBudget: "The direction turned too often in a short time, so the lower rate is held until it calms."
        case .measurementMissing: "There is no sample that can be believed, so the limit is held."
        case .measurementMissingStepDown: "There has been no sample for several ticks, and the policy then is to step down."
        case .measurementMissingFloor: "There has been no sample for several ticks, and the policy then is the floor."
        case .waitingForEvidence: "The window reaches back before the last change took effect, or holds too few answers: the loop waits for fresh evidence."
        case .limitNotUsed: "The workloads use too little of their limit for a raise to teach anything."
        case .useNotProven: "Use cannot be measured and was never proven at a higher rate, so the limit does not rise."
        case .atRememberedCeiling: "The limit stands just below the used rate at which the flow once suffered, and stays there."
        case .probingCeiling: "It is time to try gently past the remembered ceiling whether the link carries more now."
        case .notOurTraffic: "The flow suffers though this site's traffic on the link is small, or braking it did not help, so it is not braked further."
        case .notEnforced: "The applied rate is not the desired one, so nothing is raised on top of it."
        case .atFloor: "The limit is at the floor and does not go lower; it does not rise either while the flow suffers."
        case .atCeiling: "The ceiling is as high as the limit may be: it stays there, or comes down to it."
        case .noGrant: "A raise would be right, but no living grant of the coordinator allows it."
        case .limitedByGrant: "The grant allows no more than this limit, and more would be right."
        case .grantLowered: "The coordinator granted less than the limit, which follows."
        case .baseNotProven: "No base delay is proven yet for this flow, so nothing is raised."
        case .paused: "A person has paused the loop: it decides, says so and changes nothing."
        case .observing: "The cluster's mode lets the loop decide but not act."
        case .resumed: "This is the first decision after a restart; it continues from the stored state."
        case .unlimited: "A workload of the loop carries no limit of ours, so there is nothing to raise."
        }
    }

    /// What an operator may do. One sentence; it begins with `Nothing` where the loop is doing its work.
    public var operatorMay: String {
        switch reason {
        case .brakedAboveBound: "Nothing; if it repeats, look at what else uses the link."
        case .aboveTarget, .belowTarget, .insideDeadband, .atTarget: "Nothing; this is the loop at work."
        case .cooldown, .waitingForEvidence, .resumed: "Nothing; it passes by itself."
        case .flapBudget: "Look for a load that comes and goes with the loop's own period; a wider deadband calms it."
        case .measurementMissing, .measurementMissingStepDown, .measurementMissingFloor:
            "Check that the reflector answers and that nothing filters the probe's port (see the flow's source and age)."
        case .limitNotUsed: "Nothing; the workloads do not want more."
        case .useNotProven: "Give the workload a throughput source (`usage:` in the cluster's file)."
        case .atRememberedCeiling, .probingCeiling: "Nothing; this is where the link carries most without harm."
        case .notOurTraffic: "Look at the other users of the link; the coordinator lowers those it manages."
        case .notEnforced: "Look at the newest patch's result: refused, contested or gone tells who else writes the field."
        case .atFloor: "If the flow still suffers, its trouble is not this traffic: look at the link, or lower the floor."
        case .atCeiling: "Nothing, or raise the ceiling or the guardrail if the link has room to give."
        case .noGrant: "Check that the coordinator runs and reaches this cluster; brakes work without it."
        case .limitedByGrant, .grantLowered: "Ask the allocation which link or budget binds the share."
        case .baseNotProven: "Wait for calm traffic; a base is proven by the lowest delays seen."
        case .paused: "Resume the loop, or let the pause expire."
        case .observing: "Set `mode: enforce` in the cluster's file when its decisions look right."
        case .unlimited: "Nothing; the first brake puts a limit on it."
        }
    }
}
