import Cryptography
import EventStore
import Events
import Fleet
import PostgreSQL
import Quantities
import Testing

/// Aim: roll-ups are a fold of the raw entries (I7): however the entries were cut into batches and folds, and whenever they came; a
/// rebuild gives the same rows; a dropped day leaves what nothing changes any more, and a chain that still verifies.
/// Method: seeded ticks through the real append; sums computed here, one sample at a time; days moved into the past by the superuser.
@Suite struct RollupTests {
    private struct Writer {
        let log: PostgresLog
        let stream: StreamName
        var claim: StreamClaim

        init(_ database: TestDatabase, _ stream: StreamName) async throws {
            log = PostgresLog(database.connection())
            self.stream = stream
            guard case .opened(let claim, _, _) = try await log.answer(.open(OpenRequest(stream: stream, highestEpochSeen: 0))) else {
                throw PostgresError(.other, "not opened", context: "test")
            }
            self.claim = claim
        }

        mutating func append(_ entries: [LogEntry]) async throws {
            let answer = try await log.answer(
                .append(
                    AppendRequest(
                        stream: stream, epoch: claim.epoch, nonce: claim.nonce, firstSequence: claim.head.sequence + 1, previousDigest: claim.head.digest,
                        entries: entries)))
            guard case .stored(let head, _) = answer else { throw PostgresError(.other, "\(answer)", context: "test") }
            claim.head = head
        }
    }

    private static let start: Int64 = 1_795_416_000_000_000
    private static let roster = LogEntry(EventEnvelope(.rosterDeclared(SampleEntries.roster("plant-a")), at: WallTime(microseconds: start)))

    /// Ticks 5 s apart, some without an answer, the second flow above its bound at times.
    private func ticks(_ count: Int, seed: UInt64, shift: Int64 = 0) -> [Tick] {
        var samples = SampleEntries(seed: seed)
        return (0..<count).map { place in
            var tick = Tick(
                number: Int64(place) + 1, at: WallTime(microseconds: RollupTests.start + shift + Int64(place) * 5_000_000), intervalMilliseconds: 5_000,
                rosterSequence: 1)
            tick.flows = (0..<2).map { flow in
                guard samples.number(0...9) > 0 else { return .missing(lost: 100, windowMilliseconds: 5_000) }
                let p95 = Delay(hundredNanoseconds: Int32(samples.number(flow == 0 ? 1_000...9_000 : 10_000...20_000)))
                return FlowSample(
                    quality: .measured, count: 99, lost: 1, windowMilliseconds: 5_000, p95: p95, max: Delay(hundredNanoseconds: p95.hundredNanoseconds + 7))
            }
            let action = LoopAction(rawValue: Int16(samples.number(0...2)))!
            tick.decision = LoopDecision(
                link: 0, law: 0, stateBefore: [1],
                input: LoopInput(
                    flow: 0, quality: .measured, target: .microseconds(1_000), bound: .microseconds(1_500), elapsedMilliseconds: 5_000, floor: .megabits(10),
                    ceiling: .megabits(1_000), evidence: []),
                outcome: LoopOutcome(
                    action: action, reason: .insideDeadband, lowerThreshold: .zero, upperThreshold: .zero,
                    desired: samples.number(0...3) == 0 ? .megabits(10) : .megabits(500)))
            return tick
        }
    }

    private func foldAll(_ database: TestDatabase) async throws {
        let projections = Projections(database.connection())
        while try await projections.fold() > 0 {}
    }

    @Test func `the roll-ups are what a plain sum over the samples gives`() async throws {
        let database = try await TestDatabase.make()
        var writer = try await Writer(database, "plant-a/s")
        let ticks = ticks(150, seed: 1)
        try await writer.append([RollupTests.roster] + ticks.map { LogEntry($0) })
        try await foldAll(database)

        var expected: [String] = []
        for (place, name) in ["robot-control", "safety-scanner"].enumerated() {
            let windows = Dictionary(grouping: ticks) { $0.at.microseconds / 60_000_000 * 60 }
            for (window, members) in windows.sorted(by: { $0.key < $1.key }) {
                let flows = members.map { $0.flows[place] }
                let delays = flows.compactMap { $0.p95?.hundredNanoseconds }
                let violations = delays.count { $0 > 15_000 }
                expected.append(
                    "\(name) \(window) \(flows.count) \(flows.count - delays.count) \(flows.reduce(0) { $0 + Int($1.count) }) \(flows.reduce(0) { $0 + Int($1.lost) }) \(delays.count * 5_000) \(violations * 5_000) \(delays.max().map { "\($0) \($0 + 7)" } ?? "")")
            }
        }
        let found = try database.texts(
            "SELECT concat_ws(' ', flow, extract(epoch FROM window_start)::int8, tick_count, missing_count, answered, lost, measured_ms, violation_ms, p95_max_100ns, max_100ns) FROM fairlead.flow_rollup WHERE width_s = 60 ORDER BY flow, window_start")
        #expect(found == expected)
        // The hour is the sum of its minutes, histograms included.
        #expect(
            try database.texts("SELECT count(*)::text FROM (SELECT stream_id, flow, date_trunc('hour', window_start, 'UTC') AS h, sum(tick_count), sum(violation_ms), fairlead.merge_histograms(p95_histogram) FROM fairlead.flow_rollup WHERE width_s = 60 GROUP BY 1, 2, 3 EXCEPT SELECT stream_id, flow, window_start, tick_count, violation_ms, p95_histogram FROM fairlead.flow_rollup WHERE width_s = 3600) AS d")
                == ["0"])

        var turns = 0
        var last: LoopAction?
        for tick in ticks {
            guard let action = tick.decision?.outcome.action, action != .hold else { continue }
            if let last, last != action { turns += 1 }
            last = action
        }
        let floors = ticks.count { $0.decision?.outcome.desired == .megabits(10) }
        #expect(
            try database.texts("SELECT concat_ws(' ', link, law, sum(decision_count), sum(reversal_count), sum(at_floor_s)) FROM analytics.loop_rollup WHERE width_s = 60 GROUP BY link, law")
                == ["wan plateau@1 150 \(turns) \(floors * 5)"])
    }

    @Test func `folding in pieces, late batches and a rebuild give the same rows`() async throws {
        let whole = try await TestDatabase.make()
        let pieces = try await TestDatabase.make()
        let batches = [ticks(40, seed: 2), ticks(40, seed: 3, shift: 600_000_000), ticks(40, seed: 4, shift: -300_000_000)]
        for (database, stepwise) in [(whole, false), (pieces, true)] {
            var writer = try await Writer(database, "plant-a/s")
            try await writer.append([RollupTests.roster])
            for batch in batches {
                for piece in stride(from: 0, to: batch.count, by: stepwise ? 7 : 40) {
                    try await writer.append(batch[piece..<min(batch.count, piece + (stepwise ? 7 : 40))].map { LogEntry($0) })
                    if stepwise { try database.run("SELECT fairlead.fold_streams(5, 3)") }
                }
            }
            try await foldAll(database)
        }
        func rollups(_ database: TestDatabase) async throws -> [Projections.Digest] {
            try await Projections(database.connection()).digests().filter { $0.projection.hasSuffix("_rollup") }
        }
        #expect(try await rollups(whole) == rollups(pieces))
        #expect(try await rollups(whole).first { $0.projection == "flow_rollup" }?.rows ?? 0 > 20)
        let before = try await Projections(pieces.connection()).digests()
        _ = try await Projections(pieces.connection()).rebuild()
        #expect(try await Projections(pieces.connection()).digests() == before)
    }

    @Test func `a day goes when all are past it, leaves its seals, and nothing reopens it`() async throws {
        let database = try await TestDatabase.make()
        var writer = try await Writer(database, "plant-a/s")
        try await writer.append([RollupTests.roster] + ticks(20, seed: 5).map { LogEntry($0) })
        // The day is moved three days into the past; the stream's head stays there.
        try database.run(
            """
            SELECT fairlead.make_partitions(current_date - 3, 3);
            CREATE TABLE moved_tick AS SELECT * FROM fairlead.tick; DELETE FROM fairlead.tick; UPDATE moved_tick SET received_on = received_on - 3; INSERT INTO fairlead.tick SELECT * FROM moved_tick;
            CREATE TABLE moved_event AS SELECT * FROM fairlead.event; DELETE FROM fairlead.event; UPDATE moved_event SET received_on = received_on - 3; INSERT INTO fairlead.event SELECT * FROM moved_event;
            UPDATE fairlead.stream SET received_on = received_on - 3;
            """)
        try await writer.append(ticks(20, seed: 6, shift: 3_600_000_000).map { LogEntry($0) })
        let retention = LogRetention(database.connection())
        let oldest = try #require(try await retention.days().first).day
        #expect(try await retention.obstacles(day: oldest, keepDays: 2).first?.hasPrefix("the roll-ups of plant-a/s stand at 0") == true)
        #expect(try await retention.obstacles(day: oldest, keepDays: 3).first?.contains("younger") == true)
        try await foldAll(database)
        try database.run("INSERT INTO fairlead.consumer_cursor (stream_id, consumer, seq) SELECT stream_id, 'slow', 20 FROM fairlead.stream")
        #expect(try await retention.obstacles(day: oldest, keepDays: 2) == ["the consumer slow stands at plant-a/s/20, the day ends at 21"])
        await #expect(throws: PostgresError.self) { try await retention.drop(day: oldest, keepDays: 2) }
        try database.run("UPDATE fairlead.consumer_cursor SET seq = 21")
        // A registered reader that has read nothing of a stream is behind in it, from the day it registered on; a dead one is taken off.
        let consumers = LogConsumers(database.connection())
        try await consumers.register("bill", drives: "what each site is charged")
        #expect(try await retention.obstacles(day: oldest, keepDays: 2) == [])
        try database.run("UPDATE fairlead.consumer SET registered_on = registered_on - 30")
        #expect(try await retention.obstacles(day: oldest, keepDays: 2) == ["the consumer bill stands at plant-a/s/0, the day ends at 21"])
        #expect(try await consumers.list().map { "\($0.name) \($0.drives ?? "–") \($0.streams) \($0.entriesBehind)" } == ["bill what each site is charged 0 0", "slow – 1 20"])
        #expect(try await consumers.remove("bill"))
        #expect(try await !consumers.remove("bill"))

        let before = try await Projections(database.connection()).digests()
        #expect(try await retention.drop(day: oldest, keepDays: 2) == 1)
        #expect(try database.texts("SELECT count(*)::text FROM fairlead.tick") == ["20"])
        #expect(try database.texts("SELECT concat_ws(' ', first_seq, last_seq, entry_count) FROM fairlead.seal") == ["1 21 21"])
        let verifier = LogVerifier(database.connection(), hash: .libcrypto)
        #expect(try await verifier.verify().flatMap(\.findings).isEmpty)
        #expect(try await verifier.verify().map(\.entries) == [20])
        // What was folded from the day stays, and is not lost or doubled by a rebuild.
        #expect(try await Projections(database.connection()).digests() == before)
        _ = try await Projections(database.connection()).rebuild()
        #expect(try await Projections(database.connection()).digests() == before)
        // An entry of the days that are left is still judged from the seal.
        try database.run("UPDATE fairlead.tick SET at_us = at_us + 1 WHERE seq = 22")
        #expect(try await verifier.verify().flatMap(\.findings) == [.altered(22)])
        try database.run("UPDATE fairlead.tick SET at_us = at_us - 1 WHERE seq = 22")

        // Its windows stay until their own time is up, the hours longer than the minutes; those of days that are there stay in any case.
        try database.run(
            ["flow", "loop", "patch"].map {
                "UPDATE fairlead.\($0)_rollup SET window_start = window_start + (date_trunc('hour', now()) - interval '10 days' - (SELECT date_trunc('hour', min(window_start)) FROM fairlead.flow_rollup)) WHERE received_on < current_date"
            }.joined(separator: ";"))
        func windows(_ condition: String) throws -> [String?] { try database.texts("SELECT count(*)::text FROM fairlead.flow_rollup WHERE \(condition)") }
        let (hours, young) = (try windows("width_s = 3600"), try windows("received_on = current_date"))
        #expect(try windows("width_s = 60 AND received_on < current_date") != ["0"])
        #expect(try await retention.pruneRollups(RetentionSpecification(log: 2, minuteRollups: 30)) == 0)
        #expect(try await retention.pruneRollups(RetentionSpecification(log: 2, minuteRollups: 2, hourRollups: 30)) > 0)
        #expect(try windows("width_s = 60 AND received_on < current_date") == ["0"])
        #expect(try windows("width_s = 3600") == hours && windows("received_on = current_date") == young)
        _ = try await retention.pruneRollups(RetentionSpecification(log: 2, minuteRollups: 2, hourRollups: 2))
        #expect(try windows("received_on < current_date") == ["0"] && windows("true") == young)
        let left = try await Projections(database.connection()).digests()
        _ = try await Projections(database.connection()).rebuild()
        #expect(try await Projections(database.connection()).digests() == left, "a rebuild brings none back")
        // What is in force is told with the time since when.
        #expect(try await retention.inForce() == nil)
        try await retention.set(RetentionSpecification(log: 2, minuteRollups: 30))
        let first = try await retention.inForce()
        #expect(first?.retention == RetentionSpecification(log: 2, minuteRollups: 30))
        try await retention.set(RetentionSpecification(log: 2, minuteRollups: 30))
        #expect(try await retention.inForce()?.since == first?.since)
        // A server clock before the sealed day opens no older day: the stream stays on its newest one.
        try await writer.append(ticks(1, seed: 7).map { LogEntry($0) })
        #expect(try database.texts("SELECT (min(received_on) = current_date)::text FROM fairlead.tick") == ["true"])
    }
}
