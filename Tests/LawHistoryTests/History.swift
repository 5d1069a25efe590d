import ControlLaw
import Events
import Quantities

/// A stream as one shipper would write it: a loop whose law decides and is followed at once, over a given course of delays.
struct History {
    static let stream: StreamName = "plant-a/s"
    private(set) var records: [LogRecord] = []
    private let laws: [Law]
    private var states: [[UInt8]]
    private(set) var applied = BitRate.megabits(200)
    private var number: Int64 = 0
    private var rosterSequence: Int64 = 0

    /// The first law acts, the others are shadows.
    init(_ laws: [Law]) {
        self.laws = laws
        states = laws.map(\.initialState)
        declare()
    }

    mutating func declare() {
        rosterSequence = Int64(records.count) + 1
        fact(
            .rosterDeclared(
                Roster(
                    cluster: "plant-a", configuration: .zero, mode: "enforce",
                    flows: [.init(id: "robot", vantage: "cell", source: "probe", serviceLevel: "robot", target: .microseconds(1_000), bound: .microseconds(1_500), links: ["wan"])],
                    workloads: [.init(id: "bulk", floor: .megabits(10), ceiling: .megabits(1_000), links: ["wan"])], links: ["wan"],
                    laws: laws.map { .init(name: $0.name, parameters: $0.parameters) })))
    }

    mutating func fact(_ fact: Fact) { append(.event(EventEnvelope(fact, at: at))) }

    mutating func routeChanged() {
        fact(.baseChanged(BaseChange(flow: "robot", from: .microseconds(10), to: .microseconds(900), cause: "route-changed")))
        states = zip(laws, states).map { $0.forgettingCeilings(state: $1) }
    }

    private var at: WallTime { WallTime(microseconds: 1_795_000_000_000_000 + number * 5_000_000) }

    mutating func tick(_ microseconds: Int32?, isLeader: Bool = true, mayAct: Bool = true) {
        number += 1
        var evidence: LoopEvidence = [.freshSinceDecrease, .freshSinceChange, .confirmed, .baseProven, .standalone]
        if mayAct { evidence.insert(.mayAct) }
        let input = LoopInput(
            flow: 0, quality: microseconds == nil ? .missing : .measured, count: 100, raw: microseconds.map { .microseconds($0) }, target: .microseconds(1_000),
            bound: .microseconds(1_500), elapsedMilliseconds: 5_000, used: applied, applied: applied, floor: .megabits(10),
            ceiling: .megabits(1_000), evidence: evidence)
        for index in laws.indices {
            let (after, outcome) = laws[index].step(state: states[index], input: input)
            let decision = LoopDecision(link: 0, law: Int16(index), isShadow: index > 0, stateBefore: states[index], input: input, outcome: outcome)
            states[index] = after
            append(.tick(Tick(number: number, ordinal: Int16(index), at: at, intervalMilliseconds: 5_000, rosterSequence: rosterSequence, isLeader: isLeader, decision: decision)))
            if index == 0, outcome.action != .hold, let desired = outcome.desired { applied = desired }
        }
    }

    private mutating func append(_ entry: DecodedEntry) {
        records.append(LogRecord(position: LogPosition(stream: History.stream, sequence: Int64(records.count) + 1), entry: entry, receivedAt: at))
    }

    /// Changes one stored row, as nobody should.
    mutating func edit(_ place: Int, _ change: (inout Tick) -> Void) {
        guard case .tick(var tick) = records[place].entry else { return }
        change(&tick)
        records[place].entry = .tick(tick)
    }
}
