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

    /// What is pushed to a workload that stands at 100 Mbit/s, when its two loops wish for these totals.
    private func pushed(_ wishes: [Int64?]) throws -> BitRate? {
        let fleet = Self.fleet
        var coordinator = CoordinatorProcess(fleet: fleet, hash: .libcrypto, seed: 1)
        var log = LogMachine(hash: .libcrypto)
        let now = Now(monotonic: MonotonicTime(nanoseconds: 10_000_000_000), wall: WallTime(microseconds: 1_795_000_000_000_000))
        let records = records(wishes, at: now)
        var patches: [PushPatch] = []
        var effects = coordinator.step(.tick, now)
        for _ in 0..<40 where !effects.isEmpty {
            let effect = effects.removeFirst()
            switch effect {
            case .askLease: effects += coordinator.step(.leaseAnswered(.held(term: 1)), now)
            case .claim(let claim): effects += coordinator.step(.claimed(cluster: claim.cluster, term: claim.term), now)
            case .findPlace: effects += coordinator.step(.placed(FleetPlace()), now)
            case .readLog(let cursors): effects += coordinator.step(.records(cursors.isEmpty ? records : [], isComplete: true), now)
            case .send(let request): effects += coordinator.step(.logAnswered(log.apply(request, nonce: 1)), now)
            case .patch(let patch): patches.append(patch)
            case .wake, .note: break
            }
            if effects.isEmpty, patches.isEmpty { effects = coordinator.step(.tick, now) }
        }
        return patches.first?.desired
    }

    private func records(_ wishes: [Int64?], at now: Now) -> [LogRecord] {
        let roster = Roster(
            cluster: "plant-p", configuration: .zero, mode: "enforce", flows: [],
            workloads: [Roster.Workload(id: "w", floor: .megabits(10), ceiling: .megabits(1000), links: ["a", "b"])], links: ["a", "b"],
            laws: [Roster.Law(name: Law.defaultName, parameters: "")])
        let entries: [DecodedEntry] = [.event(EventEnvelope(.rosterDeclared(roster), at: now.wall))] + wishes.enumerated().map { index, wish in
            let input = LoopInput(
                flow: nil, quality: .measured, count: 50, raw: .microseconds(100), target: .microseconds(1_000), bound: .microseconds(1_500),
                elapsedMilliseconds: 1_000, used: .megabits(95), applied: .megabits(100), floor: .megabits(10), ceiling: .megabits(1_000),
                grant: nil, evidence: [.freshSinceChange, .freshSinceDecrease, .baseProven, .confirmed, .mayAct])
            let outcome = LoopOutcome(
                action: .hold, reason: .limitedByGrant, lowerThreshold: .microseconds(800), upperThreshold: .microseconds(1_200),
                requested: wish.map(BitRate.megabits))
            let use = WorkloadUse(used: .megabits(95), quality: .measured, offered: .atLimit, applied: .megabits(100), desired: .megabits(100), replicas: 1)
            return .tick(
                Tick(
                    number: 1, ordinal: Int16(index), at: now.wall, intervalMilliseconds: 1_000, rosterSequence: 1, leaseTransitions: 0, grant: nil,
                    flows: [], workloads: index == 0 ? [use] : [],
                    decision: LoopDecision(link: Int16(index), law: 0, stateBefore: [], input: input, outcome: outcome)))
        }
        return entries.enumerated().map { index, entry in
            LogRecord(position: LogPosition(stream: Self.stream, sequence: Int64(index) + 1), entry: entry, receivedAt: now.wall)
        }
    }

    @Test func `a workload on two links is raised no further than the loop that asks for less`() throws {
        #expect(try pushed([150, 120]) == .megabits(120))
        #expect(try pushed([120, 400]) == .megabits(120))
    }

    @Test func `it is not raised while one of its loops asks for nothing`() throws {
        #expect(try pushed([150, nil]) == nil)
        #expect(try pushed([nil, nil]) == nil)
    }
}
