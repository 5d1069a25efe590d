import Coordination
import Coordinator
import ControlLaw
import Cryptography
import Events
import Fleet
import Quantities
import Testing

// Aim: the centre raises no further than every loop that a workload takes part in asks. Method: a coordinator on a table with a log
// in memory, a cluster with push delivery on two links, and ticks by hand.
@Suite struct PushedRateTests {
    private static let stream = StreamName(cluster: "plant-p", spool: "00000001")

    private static var fleet: FleetConfiguration {
        FleetConfiguration(
            name: "push", tick: .seconds(1), settle: .milliseconds(200),
            links: [LinkSpecification(id: "a", capacity: .megabits(1000)), LinkSpecification(id: "b", capacity: .megabits(1000))],
            lease: LeaseSpecification(duration: .seconds(60), renewEvery: .seconds(20)), grantTimeToLive: .seconds(60),
            clusters: [
                ClusterSpecification(
                    id: "plant-p", delivery: .push, mode: .enforce, enforcer: .simulated(url: "http://127.0.0.1"),
                    guardrails: Guardrails(minimum: .megabits(1), maximum: .megabits(1000)), flows: [],
                    workloads: [WorkloadSpecification(id: "w", floor: .megabits(10), ceiling: .megabits(1000), links: ["a", "b"])])
            ])
    }

    /// A coordinator, its log, and what the cluster's stream holds.
    private struct Table {
        var coordinator = CoordinatorProcess(fleet: PushedRateTests.fleet, hash: .libcrypto, seed: 1)
        var log = LogMachine(hash: .libcrypto)
        var records: [LogRecord] = []
        var patches: [PushPatch] = []
        /// Grants sent to the log.
        var grants = 0

        /// Carries out all that the coordinator wants, and ticks it some times more, or until it has pushed something.
        mutating func settle(_ begun: [CoordinatorEffect], at now: Now) throws {
            var effects = begun
            var ticks = 0
            while !effects.isEmpty {
                switch effects.removeFirst() {
                case .askLease: effects += coordinator.step(.leaseAnswered(.held(term: 1)), now)
                case .claim(let claim): effects += coordinator.step(.claimed(cluster: claim.cluster, term: claim.term), now)
                case .findPlace: effects += coordinator.step(.placed(FleetPlace()), now)
                case .readLog(let cursors):
                    let news = records.filter { $0.position.sequence > cursors[$0.position.stream, default: 0] }
                    effects += coordinator.step(.records(news, isComplete: true), now)
                case .send(let request):
                    if case .append(let append) = request {
                        for entry in append.entries {
                            if case .event(let envelope) = try entry.decoded(), envelope.kind == Fact.grantKind { grants += 1 }
                        }
                    }
                    effects += coordinator.step(.logAnswered(log.apply(request, nonce: 1)), now)
                case .patch(let patch): patches.append(patch)
                case .wake, .note: break
                }
                if effects.isEmpty, patches.isEmpty, ticks < 8 {
                    effects = coordinator.step(.tick, now)
                    ticks += 1
                }
            }
        }
    }

    private func time(_ seconds: Int64) -> Now {
        Now(monotonic: MonotonicTime(nanoseconds: 10_000_000_000) + .seconds(seconds), wall: WallTime(microseconds: 1_795_000_000_000_000) + .seconds(seconds))
    }

    /// What is pushed to a workload that stands at 100 Mbit/s, when its two loops wish for these totals.
    private func pushed(_ wishes: [BitRate?]) throws -> BitRate? {
        var table = Table()
        table.records = records(wishes, at: time(0))
        try table.settle(table.coordinator.step(.tick, time(0)), at: time(0))
        return table.patches.first?.desired
    }

    /// - Parameter after: the entries that stand there already: the roster and earlier ticks.
    private func records(_ wishes: [BitRate?], after: Int64 = 0, at now: Now) -> [LogRecord] {
        let roster = Roster(
            cluster: "plant-p", configuration: .zero, mode: "enforce", flows: [],
            workloads: [Roster.Workload(id: "w", floor: .megabits(10), ceiling: .megabits(1000), links: ["a", "b"])], links: ["a", "b"],
            laws: [Roster.Law(name: Law.defaultName, parameters: "")])
        let declared: [DecodedEntry] = after == 0 ? [.event(EventEnvelope(.rosterDeclared(roster), at: now.wall))] : []
        let entries = declared + wishes.enumerated().map { index, wish -> DecodedEntry in
            let input = LoopInput(
                flow: nil, quality: .measured, count: 50, raw: .microseconds(100), target: .microseconds(1_000), bound: .microseconds(1_500),
                elapsedMilliseconds: 1_000, used: .megabits(95), applied: .megabits(100), floor: .megabits(10), ceiling: .megabits(1_000),
                grant: nil, evidence: [.freshSinceChange, .freshSinceDecrease, .baseProven, .confirmed, .mayAct])
            let outcome = LoopOutcome(
                action: .hold, reason: .limitedByGrant, lowerThreshold: .microseconds(800), upperThreshold: .microseconds(1_200),
                requested: wish)
            let use = WorkloadUse(used: .megabits(95), quality: .measured, offered: .atLimit, applied: .megabits(100), desired: .megabits(100), replicas: 1)
            return .tick(
                Tick(
                    number: after + 1, ordinal: Int16(index), at: now.wall, intervalMilliseconds: 1_000, rosterSequence: 1, leaseTransitions: 0, grant: nil,
                    flows: [], workloads: index == 0 ? [use] : [],
                    decision: LoopDecision(link: Int16(index), law: 0, stateBefore: [], input: input, outcome: outcome)))
        }
        return entries.enumerated().map { index, entry in
            LogRecord(position: LogPosition(stream: Self.stream, sequence: after + Int64(index) + 1), entry: entry, receivedAt: now.wall)
        }
    }

    @Test func `a workload on two links is raised no further than the loop that asks for less`() throws {
        #expect(try pushed([.megabits(150), .megabits(120)]) == .megabits(120))
        #expect(try pushed([.megabits(120), .megabits(400)]) == .megabits(120))
    }

    @Test func `it is not raised while one of its loops asks for nothing`() throws {
        #expect(try pushed([.megabits(150), nil]) == nil)
        #expect(try pushed([nil, nil]) == nil)
    }

    @Test func `what is pushed as a decrease raises no object that has come down further since`() throws {
        var raised = Table()
        raised.records = records([.megabits(150), .megabits(150)], at: time(0))
        try raised.settle(raised.coordinator.step(.tick, time(0)), at: time(0))
        #expect(try #require(raised.patches.first).mayRaise(over: nil))
        var lowered = Table()
        let word = CapacityOverride(link: "a", capacity: .megabits(50), lasts: nil, actor: "anna", reason: "r", plan: "p")
        lowered.records = records([nil, nil], at: time(0)) + [
            LogRecord(
                position: LogPosition(stream: .operator, sequence: 1), entry: .event(EventEnvelope(.capacityOverridden(word), at: time(0).wall)),
                receivedAt: time(0).wall)
        ]
        try lowered.settle(lowered.coordinator.step(.tick, time(0)), at: time(0))
        let patch = try #require(lowered.patches.first)
        #expect(patch.desired == .megabits(50) && !patch.mayRaise(over: nil))
    }

    @Test func `what a limit lacks by rounding is not pushed`() throws {
        let (within, beyond) = (BitRate(bitsPerSecond: 100_000_007), BitRate(bitsPerSecond: 100_000_008))
        #expect(try pushed([within, within]) == nil)
        #expect(try pushed([beyond, beyond]) == beyond)
    }

    @Test func `after the log moved back nothing is granted until what it forgot has expired and been told of`() throws {
        var table = Table()
        table.records = records([nil, nil], at: time(0))
        try table.settle(table.coordinator.step(.tick, time(0)), at: time(0))
        #expect(table.grants > 0)
        table.grants = 0
        table.records = records([nil, nil], at: time(1))
        try table.settle(table.coordinator.step(.logMovedBack, time(1)), at: time(1))
        // The grants live for 60 s, and a tick is 1 s.
        for second in [30, 62, 63] as [Int64] {
            #expect(table.grants == 0, "granted before second \(second)")
            table.records += records([nil, nil], after: Int64(table.records.count), at: time(second))
            try table.settle(table.coordinator.step(.tick, time(second)), at: time(second))
        }
        #expect(table.grants > 0)
    }
}
