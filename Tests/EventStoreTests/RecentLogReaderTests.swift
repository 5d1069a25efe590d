import EventStore
import Events
import PostgreSQL
import Quantities
import Testing

/// Aim: who folds the newest part of the log alone knows what holds. Method: real appends, further apart than the bound.
@Suite struct RecentLogReaderTests {
    private func append(_ facts: [LogEntry], to stream: StreamName, _ database: TestDatabase) async throws {
        let log = PostgresLog(database.connection())
        guard case .opened(let claim, _, _) = try await log.answer(.open(OpenRequest(stream: stream, highestEpochSeen: 0))) else {
            throw PostgresError(.other, "not opened", context: "test")
        }
        var head = claim.head
        for start in stride(from: 0, to: facts.count, by: 100) {
            let batch = Array(facts[start..<min(start + 100, facts.count)])
            let answer = try await log.answer(
                .append(
                    AppendRequest(
                        stream: stream, epoch: claim.epoch, nonce: claim.nonce, firstSequence: head.sequence + 1, previousDigest: head.digest,
                        entries: batch)))
            guard case .stored(let next, _) = answer else { throw PostgresError(.other, "\(answer)", context: "test") }
            head = next
        }
    }
    private func entry(_ fact: Fact) -> LogEntry { LogEntry(EventEnvelope(fact, at: WallTime(microseconds: 1))) }

    @Test func `the place lies before the newest allocation, however much came after it, and names each cluster's newest grant`() async throws {
        let database = try await TestDatabase.make()
        let grant = Grant(
            cluster: "plant-a", version: GrantVersion(term: 3, version: 1), timeToLive: .seconds(30),
            rates: [.init(workload: "telemetry", rate: .megabits(80))], foldedThrough: nil)
        let allocation = AllocationRecord(
            version: grant.version, isFeasible: true, links: [], shares: [],
            kept: [.init(cluster: "plant-b", workload: "telemetry", rate: .megabits(40))], certificate: "", foldedThrough: [])
        let outcome = PatchRecord(cluster: "plant-a", workload: "telemetry", desired: .megabits(80), result: .applied, decision: nil, term: 3)
        let rest = (0..<600).map { _ in entry(.patchSettled(outcome)) }
        try await append([entry(.allocationDecided(allocation)), entry(.grantIssued(grant))] + rest, to: .coordinator, database)
        try await append((0..<700).map { _ in entry(.patchSettled(outcome)) }, to: "plant-a/s", database)
        try await append([entry(.patchSettled(outcome))], to: "plant-b/s", database)
        let place = try await RecentLogReader(database.connection()).place(clusters: 2)
        #expect(place.cursors == [.coordinator: 0, "plant-a/s": 700 - RecentPart.entriesOfCluster, "plant-b/s": 0])
        #expect(place.grants == [grant])
    }

    @Test func `the newest tick is read whole, however many entries came after its first row, up to a bound`() async throws {
        let tick = Tick(number: 1, at: WallTime(microseconds: 1), intervalMilliseconds: 5_000, rosterSequence: 0)
        let outcome = PatchRecord(cluster: "plant-a", workload: "telemetry", desired: .megabits(80), result: .applied, decision: nil, term: 3)
        let database = try await TestDatabase.make()
        func entries(before: Int, after: Int) -> [LogEntry] {
            (0..<before).map { _ in entry(.patchSettled(outcome)) } + [LogEntry(tick)] + (0..<after).map { _ in entry(.patchSettled(outcome)) }
        }
        let cases: [(stream: StreamName, before: Int, after: Int)] = [("near/s", 300, 20), ("far/s", 300, 400), ("lost/s", 10, 1_500)]
        for (stream, before, after) in cases {
            try await append(entries(before: before, after: after), to: stream, database)
            let head = Int64(before + after + 1)
            let place = try await RecentLogReader(database.connection()).place(clusters: 1)
            #expect(place.cursors[stream] == RecentPart.begin(head: head, newestTick: Int64(before + 1)))
        }
        #expect(RecentPart.begin(head: 321, newestTick: 301) == 321 - RecentPart.entriesOfCluster)
        #expect(RecentPart.begin(head: 701, newestTick: 301) == 300)
        #expect(RecentPart.begin(head: 1_511, newestTick: 11) == 1_511 - RecentPart.mostEntriesOfCluster)
        #expect(RecentPart.begin(head: 5, newestTick: nil) == 0)
    }

    @Test func `of a spool that was set aside the newest tick alone may be of the present, and of a cluster that is only silent everything is`() async throws {
        let tick = Tick(number: 1, at: WallTime(microseconds: 1), intervalMilliseconds: 5_000, rosterSequence: 0)
        let database = try await TestDatabase.make()
        for stream in ["plant-a/old", "plant-a/deposed", "plant-a/new", "plant-b/silent"] as [StreamName] {
            try await append((0..<5).map { _ in LogEntry(tick) }, to: stream, database)
        }
        try database.session().runScript(
            PostgresStatement(
                name: "earlier",
                text: """
                    UPDATE fairlead.stream SET received_at = received_at - interval '11 minutes' WHERE name IN ('plant-a/old', 'plant-b/silent');
                    UPDATE fairlead.stream SET received_at = received_at - interval '9 minutes' WHERE name = 'plant-a/deposed'
                    """))
        let place = try await RecentLogReader(database.connection()).place(clusters: 2)
        #expect(place.cursors == ["plant-a/old": 4, "plant-a/deposed": 0, "plant-a/new": 0, "plant-b/silent": 0])
    }

    @Test func `a reader with a cursor goes on from there, no further back than it must, and never behind the newest part`() {
        #expect(RecentPart.resume(recent: 500, cursor: nil, head: 700) == 500)
        #expect(RecentPart.resume(recent: 500, cursor: 400, head: 700) == 400)
        #expect(RecentPart.resume(recent: 500, cursor: 600, head: 700) == 500)
        #expect(RecentPart.resume(recent: 500, cursor: 9_000, head: 700) == 500, "a restore took what the cursor counted")
        #expect(RecentPart.resume(recent: 49_900, cursor: 3, head: 50_000) == 50_000 - RecentPart.mostEntriesBehindHead)
        #expect(RecentPart.entriesOfCluster(watchedFor: .seconds(300), every: .seconds(5), rows: 1) == RecentPart.entriesOfCluster)
        #expect(RecentPart.entriesOfCluster(watchedFor: .seconds(300), every: .seconds(5), rows: 4) == 292)
    }
}
