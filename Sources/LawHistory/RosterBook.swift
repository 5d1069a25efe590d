import ControlLaw
import Events
import Quantities

/// What the ticks of a history point to: the rosters, and the laws that they name.
struct RosterBook {
    private var rosters: [LogPosition: Roster] = [:]
    private var laws: [Roster.LawKey: Law] = [:]

    mutating func note(_ roster: Roster, at position: LogPosition) { rosters[position] = roster }

    func roster(of tick: Tick, in stream: StreamName) -> Roster? {
        rosters[LogPosition(stream: stream, sequence: tick.rosterSequence)]
    }

    /// The law that a decision was made by. Nil where its roster is not there, or names none that this version knows.
    mutating func law(of decision: LoopDecision, _ roster: Roster?) -> Law? {
        guard let roster, roster.laws.indices.contains(Int(decision.law)) else { return nil }
        let named = roster.laws[Int(decision.law)]
        let key = Roster.LawKey(name: named.name, parameters: named.parameters)
        if let known = laws[key] { return known }
        // One that cannot be made is another version's.
        let law = try? Law(name: named.name, canonicalParameters: named.parameters)
        laws[key] = law
        return law
    }
}

extension Roster {
    struct LawKey: Hashable {
        var name: String
        var parameters: String
    }

    func link(_ index: Int16) -> LinkID { links.indices.contains(Int(index)) ? links[Int(index)] : LinkID("#\(index)") }

    /// The links that a flow crosses, as the rows of its loops count them.
    func links(of flow: FlowID) -> Set<Int16> {
        let crossed = Set(flows.filter { $0.id == flow }.flatMap(\.links))
        return Set(links.indices.filter { crossed.contains(links[$0]) }.map { Int16($0) })
    }
}

/// Where a route changed: told of before the tick whose loops forget their ceilings for it.
struct ForgottenCeilings {
    private var told: [StreamName: Set<FlowID>] = [:]

    mutating func note(_ change: BaseChange, in stream: StreamName) {
        if change.cause == "route-changed" { told[stream, default: []].insert(change.flow) }
    }

    /// Links whose loops begin this tick without their ceilings. Asked once per tick, of its first row.
    mutating func links(at tick: Tick, in stream: StreamName, _ roster: Roster?) -> Set<Int16> {
        guard tick.ordinal == 0, let flows = told.removeValue(forKey: stream) else { return [] }
        return flows.reduce(into: []) { links, flow in links.formUnion(roster?.links(of: flow) ?? []) }
    }
}
