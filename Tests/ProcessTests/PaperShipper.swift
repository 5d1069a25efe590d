import ControlLaw
import Cryptography
import EventStore
import Events
import PostgreSQL
import Quantities

/// A cluster's stream, written by the test itself through the log's own door: what a calm site would tell, with the limits that are
/// really applied there. So the centre alone is the process under test.
actor PaperShipper {
    private let log: PostgresLog
    private let chain = HashChain(.libcrypto)
    private let stream = StreamName(cluster: SmallFleet.cluster, spool: "paper")
    private let applied: @Sendable () -> BitRate?
    private let law: Law
    private let clock = ContinuousClock()
    private var claim: StreamClaim?
    private var state: [UInt8]
    private var number: Int64 = 0
    private var lastAt: ContinuousClock.Instant?
    private var beganAt: WallTime

    /// - Parameter applied: the sum of the limits that stand there now.
    init(_ settings: ConnectionSettings, applied: @escaping @Sendable () -> BitRate?) throws {
        log = PostgresLog(PostgresConnection(settings))
        self.applied = applied
        law = try Law(name: Law.defaultName)
        state = law.initialState
        beganAt = WallTime(microseconds: 1_795_416_000_000_000)
    }

    /// Writes a tick where a second has passed since the last.
    func tickIfDue() async throws {
        if let lastAt, clock.now - lastAt < .seconds(1) { return }
        lastAt = clock.now
        try await tick()
    }

    private func tick() async throws {
        var entries: [LogEntry] = []
        number += 1
        let at = WallTime(microseconds: beganAt.microseconds + number * 1_000_000)
        if claim == nil {
            guard case .opened(let opened, _, _) = try await log.answer(.open(OpenRequest(stream: stream, highestEpochSeen: 0))) else { return }
            claim = opened
            entries.append(LogEntry(EventEnvelope(.rosterDeclared(roster), at: at)))
        }
        guard var claim else { return }
        entries.append(LogEntry(row(at: at)))
        let answer = try await log.answer(
            .append(
                AppendRequest(
                    stream: stream, epoch: claim.epoch, nonce: claim.nonce, firstSequence: claim.head.sequence + 1,
                    previousDigest: claim.head.digest, entries: entries)))
        guard case .stored(let head, _) = answer else { throw Refused(answer: answer) }
        claim.head = head
        self.claim = claim
    }
    private struct Refused: Error { let answer: LogAnswer }

    private func row(at: WallTime) -> Tick {
        let rate = applied()
        let calm = Delay.microseconds(300)
        let input = LoopInput(
            flow: 0, quality: .measured, count: 50, raw: calm, ageMilliseconds: 20, lossPartsPerMillion: 0, target: .microseconds(1000),
            bound: .microseconds(1500), elapsedMilliseconds: number == 1 ? 0 : 1_000, used: rate, applied: rate, floor: .megabits(10),
            ceiling: .megabits(1000), grant: nil, evidence: [.freshSinceDecrease, .freshSinceChange, .confirmed, .baseProven, .mayAct])
        let before = state
        let (after, outcome) = law.step(state: before, input: input)
        state = after
        return Tick(
            number: number, at: at, intervalMilliseconds: 1_000, rosterSequence: 1,
            flows: [FlowSample(quality: .measured, count: 50, lost: 0, windowMilliseconds: 1_000, ageMilliseconds: 20, p95: calm)],
            workloads: [WorkloadUse(used: rate, quality: .measured, offered: .atLimit, applied: rate, desired: rate, replicas: 2)],
            decision: LoopDecision(link: 0, law: 0, stateBefore: before, input: input, outcome: outcome))
    }

    private var roster: Roster {
        Roster(
            cluster: SmallFleet.cluster, configuration: .zero, mode: "enforce",
            flows: [
                Roster.Flow(
                    id: SmallFleet.flow, vantage: "paper", source: "trace", serviceLevel: "robot-control", target: .microseconds(1000),
                    bound: .microseconds(1500), links: [SmallFleet.link])
            ],
            workloads: [Roster.Workload(id: SmallFleet.workload, floor: .megabits(10), ceiling: .megabits(1000), links: [SmallFleet.link])],
            links: [SmallFleet.link], laws: [Roster.Law(name: law.name, parameters: law.parameters)])
    }
}
