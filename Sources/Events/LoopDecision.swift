public import Quantities

/// What the law of one loop reads. All integers, all on the row, so that the law can be run again from the row alone.
///
/// A *loop* is one cluster on one link: it watches the critical flows of the cluster that cross the link, and limits the sum of
/// the cluster's managed workloads that cross it.
public struct LoopInput: Hashable, Sendable {
    /// The steering flow, as index in the roster: the one whose delay is the largest multiple of its target. Nil where the loop
    /// has no flow.
    public var flow: Int16?
    public var quality: SampleQuality
    public var count: Int32
    /// The steering value: p95 of the delay above the base; nil where the quality carries no number.
    public var raw: Delay?
    public var ageMilliseconds: Int32?
    public var lossPartsPerMillion: Int32?
    /// Target and bound of the steering flow's SLA class.
    public var target: Delay
    public var bound: Delay
    /// Monotonic time since this loop decided last. Unit: milliseconds; 0 for its first decision.
    public var elapsedMilliseconds: Int32
    /// Σ used of the loop's workloads; nil unless all of them are measured.
    public var used: BitRate?
    /// Σ applied of the loop's workloads, as read back; nil where at least one of them is unlimited. Where some workload is at its
    /// limit, one that uses less than its own counts with its use, here and in the three sums below: it holds nobody back.
    public var applied: BitRate?
    /// Σ floors and Σ ceilings of the loop's workloads, inside the site's guardrails.
    public var floor: BitRate
    public var ceiling: BitRate
    /// Σ of the living grant for the loop's workloads; nil where there is none or it expired.
    public var grant: BitRate?
    public var evidence: LoopEvidence

    public init(
        flow: Int16? = nil, quality: SampleQuality, count: Int32 = 0, raw: Delay? = nil, ageMilliseconds: Int32? = nil,
        lossPartsPerMillion: Int32? = nil, target: Delay, bound: Delay, elapsedMilliseconds: Int32, used: BitRate? = nil,
        applied: BitRate? = nil, floor: BitRate, ceiling: BitRate, grant: BitRate? = nil, evidence: LoopEvidence
    ) {
        self.flow = flow
        self.quality = quality
        self.count = count
        self.raw = raw
        self.ageMilliseconds = ageMilliseconds
        self.lossPartsPerMillion = lossPartsPerMillion
        self.target = target
        self.bound = bound
        self.elapsedMilliseconds = elapsedMilliseconds
        self.used = used
        self.applied = applied
        self.floor = floor
        self.ceiling = ceiling
        self.grant = grant
        self.evidence = evidence
    }
}

/// What is true of the evidence at this tick: the yes-or-no facts that the law reads.
public struct LoopEvidence: OptionSet, Hashable, Sendable {
    public let rawValue: Int16
    public init(rawValue: Int16) { self.rawValue = rawValue }

    /// All that was measured in this window was sent after the last *decrease* took effect (read back, and settled).
    public static let freshSinceDecrease = LoopEvidence(rawValue: 1 << 0)
    /// All that was measured in this window was sent after the last *change* took effect.
    public static let freshSinceChange = LoopEvidence(rawValue: 1 << 1)
    /// What is applied, as read back, is what was last desired.
    public static let confirmed = LoopEvidence(rawValue: 1 << 2)
    /// The base delay of the steering flow is proven.
    public static let baseProven = LoopEvidence(rawValue: 1 << 3)
    /// A person has paused the loop: it decides and says so, and changes nothing.
    public static let paused = LoopEvidence(rawValue: 1 << 4)
    /// One cluster without a hub: the loop grants its own raises.
    public static let standalone = LoopEvidence(rawValue: 1 << 5)
    /// The workloads' desired rate has been wanting confirmation for two ticks or more.
    public static let notEnforced = LoopEvidence(rawValue: 1 << 6)
    /// The configured mode lets the loop act.
    public static let mayAct = LoopEvidence(rawValue: 1 << 7)
    /// The law's state before this step was taken from the log or the spool, after a restart.
    public static let resumed = LoopEvidence(rawValue: 1 << 8)
    /// The steering flow's SLA class has a criticality of 75 or more: its upper threshold is never widened.
    public static let highlyCritical = LoopEvidence(rawValue: 1 << 9)
}

/// Which way a decision goes.
public enum LoopAction: Int16, Sendable, CaseIterable {
    case hold = 0
    case decrease = 1
    case increase = 2

    public var word: String {
        switch self {
        case .hold: "hold"
        case .decrease: "decrease"
        case .increase: "increase"
        }
    }
}

/// Why a decision is what it is: the closed, documented list. Raw values are stored and never reused.
public enum DecisionReason: Int16, Sendable, CaseIterable {
    /// Above the SLA bound on fresh evidence: lowered at once, past filters and cooldown.
    case brakedAboveBound = 1
    /// Smoothed delay above the deadband: lowered.
    case aboveTarget = 2
    /// Smoothed delay below the deadband and the limit is used: raised, or a raise asked for.
    case belowTarget = 3
    /// Inside the deadband.
    case insideDeadband = 4
    /// Exactly at the target (`fixed-step@1` alone).
    case atTarget = 5
    /// Too soon after the last change.
    case cooldown = 6
    /// Too many reversals of direction in a short time: held at the lower rate.
    case flapBudget = 7
    /// No sample that can be believed: held.
    case measurementMissing = 8
    /// No sample for some ticks: stepped down by the configured policy.
    case measurementMissingStepDown = 9
    /// No sample for some ticks: to the floor by the configured policy.
    case measurementMissingFloor = 10
    /// The window reaches back before the last change took effect: waiting for fresh evidence.
    case waitingForEvidence = 11
    /// The limit is not used, so raising it would teach nothing.
    case limitNotUsed = 12
    /// There is no throughput source, and no use was ever proven at a higher rate.
    case useNotProven = 13
    /// Just below the remembered ceiling: staying.
    case atRememberedCeiling = 14
    /// Probing upward past the remembered ceiling.
    case probingCeiling = 15
    /// The flow suffers though the site's own traffic is small, or two brakes did not help.
    case notOurTraffic = 16
    /// What was desired is not what is applied.
    case notEnforced = 17
    /// Already at the floor.
    case atFloor = 18
    /// Already at the ceiling.
    case atCeiling = 19
    /// A raise would be right, and no living grant allows it.
    case noGrant = 20
    /// Raised as far as the grant allows.
    case limitedByGrant = 21
    /// Lowered because the grant fell.
    case grantLowered = 22
    /// No base delay is proven yet.
    case baseNotProven = 23
    /// Paused by a person.
    case paused = 24
    /// The mode observes or recommends only.
    case observing = 25
    /// First decision after a restart: continues from the state that was stored.
    case resumed = 26
    /// A workload of the loop carries no limit yet: nothing to raise.
    case unlimited = 27

    /// The CamelCase word for Kubernetes Events, pages and SQL.
    public var word: String {
        switch self {
        case .brakedAboveBound: "BrakedAboveBound"
        case .aboveTarget: "AboveTarget"
        case .belowTarget: "BelowTarget"
        case .insideDeadband: "InsideDeadband"
        case .atTarget: "AtTarget"
        case .cooldown: "Cooldown"
        case .flapBudget: "FlapBudget"
        case .measurementMissing: "MeasurementMissing"
        case .measurementMissingStepDown: "MeasurementMissingStepDown"
        case .measurementMissingFloor: "MeasurementMissingFloor"
        case .waitingForEvidence: "WaitingForEvidence"
        case .limitNotUsed: "LimitNotUsed"
        case .useNotProven: "UseNotProven"
        case .atRememberedCeiling: "AtRememberedCeiling"
        case .probingCeiling: "ProbingCeiling"
        case .notOurTraffic: "NotOurTraffic"
        case .notEnforced: "NotEnforced"
        case .atFloor: "AtFloor"
        case .atCeiling: "AtCeiling"
        case .noGrant: "NoGrant"
        case .limitedByGrant: "LimitedByGrant"
        case .grantLowered: "GrantLowered"
        case .baseNotProven: "BaseNotProven"
        case .paused: "Paused"
        case .observing: "Observing"
        case .resumed: "Resumed"
        case .unlimited: "Unlimited"
        }
    }
}

/// What the law of one loop answered, with the output of each stage.
public struct LoopOutcome: Hashable, Sendable {
    public var action: LoopAction
    public var reason: DecisionReason
    /// The smoothed steering value; nil before the first believable sample.
    public var smoothed: Delay?
    /// The deadband: below `lowerThreshold` a raise is thought of, above `upperThreshold` a decrease.
    public var lowerThreshold: Delay
    public var upperThreshold: Delay
    /// What the bare law proposed for the loop's total rate; nil where it proposed nothing (unlimited, and calm).
    public var proposed: BitRate?
    /// The rate after each later stage, in their order. Equal to the one before where the stage changed nothing.
    public var afterFlapBudget: BitRate?
    public var afterCooldown: BitRate?
    public var afterClamp: BitRate?
    /// What the loop may do by itself now: after grant and mode. Nil: leave all as it is, unlimited included.
    public var desired: BitRate?
    /// The rate that the loop would raise to, were it granted; nil where no raise is asked for.
    public var requested: BitRate?
    /// Evidence for the link's capacity: the used rate at which the flow suffered in this window; nil where it did not.
    public var sufferedAt: BitRate?
    /// At which steering value this decision would have been `counterfactualAction` instead; nil where no value would do.
    public var counterfactual: Delay?
    public var counterfactualAction: LoopAction?

    public init(
        action: LoopAction, reason: DecisionReason, smoothed: Delay? = nil, lowerThreshold: Delay, upperThreshold: Delay,
        proposed: BitRate? = nil, afterFlapBudget: BitRate? = nil, afterCooldown: BitRate? = nil, afterClamp: BitRate? = nil,
        desired: BitRate? = nil, requested: BitRate? = nil, sufferedAt: BitRate? = nil, counterfactual: Delay? = nil,
        counterfactualAction: LoopAction? = nil
    ) {
        self.action = action
        self.reason = reason
        self.smoothed = smoothed
        self.lowerThreshold = lowerThreshold
        self.upperThreshold = upperThreshold
        self.proposed = proposed
        self.afterFlapBudget = afterFlapBudget
        self.afterCooldown = afterCooldown
        self.afterClamp = afterClamp
        self.desired = desired
        self.requested = requested
        self.sufferedAt = sufferedAt
        self.counterfactual = counterfactual
        self.counterfactualAction = counterfactualAction
    }
}

extension LoopOutcome {
    /// Whether the loop pulled its own brake: a decrease for the flow's sake, not one that follows a grant.
    public var isBrake: Bool { action == .decrease && reason != .grantLowered }
}

/// One decision of one loop: law, state before, what it read, what it answered. In a box that nobody changes, as a `Tick` is.
public struct LoopDecision: Hashable, Sendable {
    /// The bound on a law's state in its canonical bytes.
    public static let maximumStateBytes = 256

    private struct Row: Hashable, Sendable {
        var link: Int16
        var law: Int16
        var isShadow: Bool
        var stateBefore: [UInt8]
        var input: LoopInput
        var outcome: LoopOutcome
    }
    private var row: Boxed<Row>

    /// Indices into the roster: which link, which law (name, version, parameters).
    public var link: Int16 { get { row.value.link } set { row.value.link = newValue } }
    public var law: Int16 { get { row.value.law } set { row.value.law = newValue } }
    /// A shadow decides on the same sample and acts on nothing.
    public var isShadow: Bool { get { row.value.isShadow } set { row.value.isShadow = newValue } }
    public var stateBefore: [UInt8] { get { row.value.stateBefore } set { row.value.stateBefore = newValue } }
    public var input: LoopInput { get { row.value.input } set { row.value.input = newValue } }
    public var outcome: LoopOutcome { get { row.value.outcome } set { row.value.outcome = newValue } }

    public init(link: Int16, law: Int16, isShadow: Bool = false, stateBefore: [UInt8], input: LoopInput, outcome: LoopOutcome) {
        row = Boxed(Row(link: link, law: law, isShadow: isShadow, stateBefore: stateBefore, input: input, outcome: outcome))
    }
}
