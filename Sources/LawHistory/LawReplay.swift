import ControlLaw
public import Events
import Quantities

/// Every decision of a history, decided again from its row: law, state before and input stand there, so outcome and bytes must come out
/// equal. And each row must begin with the state in which the one before it ended.
///
/// Fold a log's entries into it, each stream in order.
public struct LawReplay: Sendable {
    /// What did not come out as recorded, and where.
    public struct Finding: Equatable, Sendable, CustomStringConvertible {
        public enum Kind: String, Sendable, CaseIterable {
            /// The law answers otherwise from the same row.
            case otherOutcome = "other-outcome"
            /// The answer is equal and its canonical bytes are not.
            case otherBytes = "other-bytes"
            /// The row does not begin with the state in which the one before ended.
            case brokenSuccession = "broken-succession"
            /// The roster that names the law is not there, or names a law that this version does not know.
            case unknownLaw = "unknown-law"
        }
        public var position: LogPosition
        public var kind: Kind
        public var detail: String
        public var description: String { "\(position): \(detail)" }
    }
    /// No more findings than this are kept; the count goes on.
    public static let mostFindings = 100

    /// Decisions decided again.
    public private(set) var rows = 0
    /// Those that follow another of the same loop and law, written by the same process.
    public private(set) var successions = 0
    public private(set) var actions: [LoopAction: Int] = [:]
    public private(set) var findings: [Finding] = []
    public private(set) var findingCount = 0

    private struct Loop: Hashable {
        var stream: StreamName
        var link: Int16
        var law: Int16
    }
    private var book = RosterBook()
    private var forgotten = ForgottenCeilings()
    private var stateAfter: [Loop: [UInt8]] = [:]
    private var isForgetful: [StreamName: Set<Int16>] = [:]

    public init() {}

    public mutating func fold(_ record: LogRecord) {
        switch record.entry {
        // One that this version cannot read moves no decision.
        case .event(let envelope): if let fact = try? envelope.fact() { note(fact, at: record.position) }
        case .tick(let tick): decideAgain(tick, at: record.position)
        }
    }

    private mutating func note(_ fact: Fact, at position: LogPosition) {
        switch fact {
        case .rosterDeclared(let roster): book.note(roster, at: position)
        // Another process begins: where its state comes from is another question.
        case .processStarted: stateAfter = stateAfter.filter { $0.key.stream != position.stream }
        case .baseChanged(let change): forgotten.note(change, in: position.stream)
        default: break
        }
    }

    private mutating func decideAgain(_ tick: Tick, at position: LogPosition) {
        let roster = book.roster(of: tick, in: position.stream)
        if tick.ordinal == 0 { isForgetful[position.stream] = forgotten.links(at: tick, in: position.stream, roster) }
        guard let decision = tick.decision else { return }
        guard let law = book.law(of: decision, roster) else {
            return found(.unknownLaw, at: position, "its law cannot be told: the roster at \(tick.rosterSequence) is not there, or names one of another version")
        }
        rows += 1
        actions[decision.outcome.action, default: 0] += 1
        let (after, outcome) = law.step(state: decision.stateBefore, input: decision.input)
        if outcome != decision.outcome {
            found(.otherOutcome, at: position, "\(law.name) answers \(LawReplay.words(outcome)), and the row says \(LawReplay.words(decision.outcome))")
        } else {
            var again = tick
            again.decision?.outcome = outcome
            if again.recordBytes() != tick.recordBytes() { found(.otherBytes, at: position, "the same answer has other bytes") }
        }
        follow(decision, law, endingIn: after, at: position)
    }

    private mutating func follow(_ decision: LoopDecision, _ law: Law, endingIn after: [UInt8], at position: LogPosition) {
        let loop = Loop(stream: position.stream, link: decision.link, law: decision.law)
        if let expected = stateAfter[loop] {
            successions += 1
            let isForgotten = isForgetful[position.stream]?.contains(decision.link) == true
                && law.forgettingCeilings(state: expected) == decision.stateBefore
            if expected != decision.stateBefore && !isForgotten {
                found(.brokenSuccession, at: position, "the state before it is not the one in which the decision before it ended")
            }
        }
        stateAfter[loop] = after
    }

    private mutating func found(_ kind: Finding.Kind, at position: LogPosition, _ detail: String) {
        findingCount += 1
        if findings.count < LawReplay.mostFindings { findings.append(Finding(position: position, kind: kind, detail: detail)) }
    }

    private static func words(_ outcome: LoopOutcome) -> String {
        "\(outcome.action.word) \(outcome.desired?.readable ?? "without a rate") (\(outcome.reason.word))"
    }
}
