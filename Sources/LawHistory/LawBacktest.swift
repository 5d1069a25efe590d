public import ControlLaw
public import Events
import Explanation
public import Quantities

/// What another law would have answered to a recorded history, loop by loop.
///
/// The history is *open loop*: each tick answers the rates that were applied then, and a law that would have set others would have met
/// other delays. So the numbers say how a law reads what happened, not what would have happened; for that there are the plants.
///
/// Each loop begins, where it was steered by the same law (whatever its parameters), from the state of its first row, else from the law's
/// initial state; from then on it carries its own. Rows of a standby keep that state warm and are not counted. Fold a log's entries
/// into it, each stream in order.
public struct LawBacktest: Sendable {
    public static let limit =
        "History is open loop: each tick answers the rates that were applied then. The numbers say how the law reads what happened, not what would have happened."

    public struct Loop: Hashable, Comparable, Sendable {
        public var stream: StreamName
        public var link: LinkID
        public static func < (left: Loop, right: Loop) -> Bool { (left.stream, left.link) < (right.stream, right.link) }
    }

    /// The first decision that came out otherwise.
    public struct Divergence: Equatable, Sendable {
        public var position: LogPosition
        public var at: WallTime
        public var recorded: String
        public var tried: String
    }

    /// One loop, with the recorded law and the one tried side by side.
    public struct Tally: Sendable {
        public internal(set) var recordedLaw: String
        public internal(set) var decisions = 0
        /// Those with the same action and the same rate, and those with another action; the rest differ in the rate alone.
        public internal(set) var alike = 0
        public internal(set) var otherAction = 0
        public internal(set) var firstDivergence: Divergence?
        /// Of the history, not of a law: ticks whose raw sample was above target and bound, and ticks without a number.
        public internal(set) var aboveTarget = 0
        public internal(set) var aboveBound = 0
        public internal(set) var unmeasured = 0
        public internal(set) var recorded = LawCourse()
        public internal(set) var tried = LawCourse()
        public var alikeRatio: Double { decisions == 0 ? 1 : Double(alike) / Double(decisions) }
    }

    public let law: Law
    public private(set) var loops: [Loop: Tally] = [:]
    /// Rows that could not be used, since the roster that names their link and law is not there.
    public private(set) var unnamedRows = 0

    private var book = RosterBook()
    private var forgotten = ForgottenCeilings()
    private var states: [Loop: [UInt8]] = [:]

    public init(_ law: Law) { self.law = law }

    public mutating func fold(_ record: LogRecord) {
        switch record.entry {
        case .event(let envelope):
            // One that this version cannot read moves no decision.
            switch try? envelope.fact() {
            case .rosterDeclared(let roster): book.note(roster, at: record.position)
            case .baseChanged(let change): forgotten.note(change, in: record.position.stream)
            default: break
            }
        case .tick(let tick): answer(tick, at: record.position)
        }
    }

    private mutating func answer(_ tick: Tick, at position: LogPosition) {
        let roster = book.roster(of: tick, in: position.stream)
        for link in forgotten.links(at: tick, in: position.stream, roster) {
            guard let loop = roster.map({ Loop(stream: position.stream, link: $0.link(link)) }) else { continue }
            if let state = states[loop] { states[loop] = law.forgettingCeilings(state: state) }
        }
        guard let decision = tick.decision, !decision.isShadow else { return }
        guard let roster, roster.laws.indices.contains(Int(decision.law)) else { return unnamedRows += 1 }
        let loop = Loop(stream: position.stream, link: roster.link(decision.link))
        let recordedLaw = roster.laws[Int(decision.law)].name
        let before = states[loop] ?? (recordedLaw == law.name ? decision.stateBefore : law.initialState)
        let (after, outcome) = law.step(state: before, input: decision.input)
        states[loop] = after
        guard tick.isLeader else { return }
        loops[loop, default: Tally(recordedLaw: recordedLaw)].take(decision, outcome, roster, at: position, tick.at)
    }
}

extension LawBacktest.Tally {
    fileprivate mutating func take(_ decision: LoopDecision, _ outcome: LoopOutcome, _ roster: Roster, at position: LogPosition, _ at: WallTime) {
        let input = decision.input
        decisions += 1
        if let raw = input.quality.hasValue ? input.raw : nil {
            if raw > input.target { aboveTarget += 1 }
            if raw > input.bound { aboveBound += 1 }
        } else {
            unmeasured += 1
        }
        recorded.take(input, decision.outcome)
        tried.take(input, outcome)
        let (then, now) = (LawCourse.intention(input, decision.outcome), LawCourse.intention(input, outcome))
        if then.action == now.action && (then.action == .hold || then.rate == now.rate) { return alike += 1 }
        if then.action != now.action { otherAction += 1 }
        guard firstDivergence == nil else { return }
        var other = decision
        other.isShadow = true
        other.outcome = outcome
        firstDivergence = LawBacktest.Divergence(
            position: position, at: at, recorded: DecisionSentence(decision, roster: roster).text, tried: DecisionSentence(other, roster: roster).text)
    }
}
