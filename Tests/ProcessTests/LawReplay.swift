import ControlLaw
import Events
import Quantities

/// Every decision of a log, decided again from its row.
struct LawReplay {
    private(set) var rows = 0
    /// Rows that follow another of the same loop and law, written by the same process.
    private(set) var successions = 0
    private(set) var actions: [LoopAction: Int] = [:]
    private(set) var otherOutcomes: [String] = []
    private(set) var otherBytes: [String] = []
    private(set) var brokenSuccessions: [String] = []

    private struct Loop: Hashable {
        var stream: StreamName
        var link: Int16
        var law: Int16
    }
    private var rosters: [LogPosition: Roster] = [:]
    private var laws: [String: Law] = [:]
    private var stateAfter: [Loop: [UInt8]] = [:]
    /// Streams in which a route changed before the tick at hand: then its loops may have forgotten their ceilings in between.
    private var routeChanged: Set<StreamName> = []
    private var routeChangeTold: Set<StreamName> = []

    /// - Parameter records: a whole log, in order per stream.
    init(_ records: [LogRecord]) throws {
        for record in records {
            switch record.entry {
            case .event(let envelope): note(try? envelope.fact(), at: record.position)
            case .tick(let tick): try decideAgain(tick, at: record.position)
            }
        }
    }

    private mutating func note(_ fact: Fact?, at position: LogPosition) {
        switch fact {
        case .rosterDeclared(let roster): rosters[position] = roster
        // Another process begins: where its state comes from is another question.
        case .processStarted: stateAfter = stateAfter.filter { $0.key.stream != position.stream }
        case .baseChanged(let change) where change.cause == "route-changed": routeChangeTold.insert(position.stream)
        default: break
        }
    }

    private mutating func decideAgain(_ tick: Tick, at position: LogPosition) throws {
        if tick.ordinal == 0 {
            if routeChangeTold.remove(position.stream) == nil { routeChanged.remove(position.stream) } else { routeChanged.insert(position.stream) }
        }
        guard let decision = tick.decision else { return }
        let place = LogPosition(stream: position.stream, sequence: tick.rosterSequence)
        guard let roster = rosters[place], roster.laws.indices.contains(Int(decision.law)) else {
            otherOutcomes.append("\(position): its roster is not on the log")
            return
        }
        rows += 1
        actions[decision.outcome.action, default: 0] += 1
        let named = roster.laws[Int(decision.law)]
        let key = "\(named.name) \(named.parameters)"
        let law = try laws[key] ?? Law(name: named.name, canonicalParameters: named.parameters)
        laws[key] = law
        let (after, outcome) = law.step(state: decision.stateBefore, input: decision.input)
        if outcome != decision.outcome { otherOutcomes.append("\(position): \(outcome), not \(decision.outcome)") }
        var again = tick
        again.decision?.outcome = outcome
        if again.recordBytes() != tick.recordBytes() { otherBytes.append("\(position)") }

        let loop = Loop(stream: position.stream, link: decision.link, law: decision.law)
        if let expected = stateAfter[loop] {
            successions += 1
            let isForgotten = routeChanged.contains(position.stream) && law.forgettingCeilings(state: expected) == decision.stateBefore
            if expected != decision.stateBefore && !isForgotten { brokenSuccessions.append("\(position)") }
        }
        stateAfter[loop] = after
    }
}
