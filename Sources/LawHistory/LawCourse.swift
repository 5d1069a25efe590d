public import Events
public import Quantities

/// What one law did, or would have done, over the ticks of one loop: the numbers by which laws are held against each other.
///
/// Where a loop may not act (observing, paused) its *intention* counts: the direction from the applied rate to the one that the law
/// came to before leave was refused.
public struct LawCourse: Equatable, Sendable {
    /// A brake is false where the flow was within its target and stayed within its bound for so many ticks after.
    public static let horizonTicks = 2

    /// Decisions to lower for the flow's sake, not for a grant's.
    public private(set) var brakes = 0
    /// Stretches of ticks above the bound, and those of them that a brake came before, by at most `horizonTicks`.
    public private(set) var excesses = 0
    public private(set) var foreseen = 0
    /// Stretches above the bound with no brake from `horizonTicks` before their first tick to the one after it, though there was something to lower.
    public private(set) var missed = 0
    /// Brakes while the flow was within its target that no excess followed within `horizonTicks`.
    public private(set) var falseBrakes = 0
    public private(set) var patches = 0
    public private(set) var reversals = 0
    private var desiredSum: Int128 = 0
    private var desiredCount: Int64 = 0

    private enum Excess: Equatable { case none, unanswered, answered }
    private var excess = Excess.none
    private var ticksSinceBrake = Int.max - 1
    private var lastDirection = LoopAction.hold
    /// Ages, in ticks, of brakes that nothing has justified yet.
    private var suspects: [Int] = []

    public init() {}

    /// Mean of the rates desired; nil where none ever was.
    public var meanDesired: BitRate? {
        desiredCount == 0 ? nil : BitRate(bitsPerSecond: Int64(desiredSum / Int128(desiredCount)))
    }

    /// Takes the answer to one tick.
    public mutating func take(_ input: LoopInput, _ outcome: LoopOutcome) {
        let intention = LawCourse.intention(input, outcome)
        let isBrake = intention.action == .decrease && outcome.reason != .grantLowered
        if let rate = intention.rate {
            desiredSum += Int128(rate.bitsPerSecond)
            desiredCount += 1
        }
        if isBrake { brakes += 1 }
        if intention.action != .hold {
            patches += 1
            if lastDirection != .hold, lastDirection != intention.action { reversals += 1 }
            lastDirection = intention.action
        }
        let raw = input.quality.hasValue ? input.raw : nil
        if isBrake, let raw, raw <= input.target { suspects.append(0) }
        judge(isAbove: raw.map { $0 > input.bound } ?? false, isBrake: isBrake, hasNoWayDown: LawCourse.hasNoWayDown(outcome))
        ticksSinceBrake = isBrake ? 0 : min(ticksSinceBrake + 1, Int.max - 1)
    }

    private mutating func judge(isAbove: Bool, isBrake: Bool, hasNoWayDown: Bool) {
        if isAbove { suspects = [] } else {
            suspects = suspects.map { $0 + 1 }
            falseBrakes += suspects.count { $0 > LawCourse.horizonTicks }
            suspects.removeAll { $0 > LawCourse.horizonTicks }
        }
        switch excess {
        case .none where isAbove:
            excesses += 1
            let isForeseen = ticksSinceBrake < LawCourse.horizonTicks
            if isForeseen { foreseen += 1 }
            excess = isForeseen || isBrake || hasNoWayDown ? .answered : .unanswered
        case .unanswered:
            if !isBrake && !hasNoWayDown { missed += 1 }
            excess = isAbove ? .answered : .none
        case .answered where !isAbove: excess = .none
        case .none, .answered: break
        }
    }

    /// Nothing was left to lower, or lowering would not have helped and the law said so.
    private static func hasNoWayDown(_ outcome: LoopOutcome) -> Bool {
        outcome.reason == .atFloor || outcome.reason == .notOurTraffic
    }

    static func intention(_ input: LoopInput, _ outcome: LoopOutcome) -> (action: LoopAction, rate: BitRate?) {
        let isHeldBack = !input.evidence.contains(.mayAct) || input.evidence.contains(.paused)
        guard isHeldBack else { return (outcome.action, outcome.desired) }
        guard let wanted = outcome.afterClamp, wanted != input.applied else { return (.hold, input.applied) }
        return (input.applied.map { wanted > $0 } == true ? .increase : .decrease, wanted)
    }
}
