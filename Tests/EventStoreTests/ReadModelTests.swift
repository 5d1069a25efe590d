import EventStore
import Events
import PostgreSQL
import Quantities
import ReadModel
import Testing

/// Aim: the read model over SQL answers as the slow one over records in memory. Method: a seeded fleet written through the real
/// append and read back by the log's reader; both models are asked the same questions, and their answers are compared.
@Suite struct ReadModelTests {
    private let start: Int64 = 1_795_416_000_000_000

    /// Two clusters with a roster, twenty ticks of two rows each, patches, alerts and allocations; and of the first one a standby,
    /// which ticks between its leader's ticks and was heard last.
    private func filled() async throws -> TestDatabase {
        let database = try await TestDatabase.make()
        let log = PostgresLog(database.connection())
        var samples = SampleEntries(seed: 11)
        func append(_ stream: StreamName, _ entries: [LogEntry]) async throws {
            guard case .opened(let claim, _, _) = try await log.answer(.open(OpenRequest(stream: stream, highestEpochSeen: 0))) else { return }
            var head = claim.head
            for entry in entries {
                let answer = try await log.answer(
                    .append(AppendRequest(stream: stream, epoch: claim.epoch, nonce: claim.nonce, firstSequence: head.sequence + 1, previousDigest: head.digest, entries: [entry])))
                guard case .stored(let next, _) = answer else { throw PostgresError(.other, "\(answer)", context: "test") }
                head = next
            }
        }
        for (cluster, spool) in [("plant-a", "s"), ("plant-b", "s"), ("plant-a", "standby")] as [(ClusterID, String)] {
            let stream = StreamName(cluster: cluster, spool: spool)
            var entries = [LogEntry(EventEnvelope(.rosterDeclared(SampleEntries.roster(cluster)), at: WallTime(microseconds: start)))]
            for number in 1...Int64(20) {
                for ordinal in 0...Int16(1) {
                    var tick = samples.tick(number: number, ordinal: ordinal)
                    tick.at = WallTime(microseconds: start + number * 5_000_000 + (spool == "s" ? 0 : 2_000_000))
                    tick.isLeader = spool == "s"
                    tick.intervalMilliseconds = 5000
                    tick.rosterSequence = 1
                    entries.append(LogEntry(tick))
                }
                if number % 5 == 0, spool == "s" {
                    let patch = PatchRecord(
                        cluster: cluster, workload: "telemetry", desired: .megabits(number), result: .applied,
                        decision: LogPosition(stream: stream, sequence: Int64(entries.count)), term: 1)
                    entries.append(LogEntry(EventEnvelope(.patchSettled(patch), at: WallTime(microseconds: start + number * 5_000_000))))
                }
            }
            try await append(stream, entries)
        }
        let states: [AlertChange.State] = [.pending, .firing, .resolved]
        try await append(.alerter, (1...Int64(12)).map { number in
            let change = AlertChange(
                fingerprint: "f\(number % 5)", rule: "ShipperSilent", state: states.randomElement(using: &samples.random)!,
                labels: ["cluster": number % 2 == 0 ? "plant-a" : "plant-b", "b": "2", "aa": "1"], summary: "number \(number)")
            return LogEntry(EventEnvelope(.alertChanged(change), at: WallTime(microseconds: start + number)))
        })
        try await append(.coordinator, (1...Int64(3)).map { number in
            LogEntry(EventEnvelope(.allocationDecided(AllocationRecord(version: GrantVersion(term: 1, version: number), isFeasible: true, links: [], shares: [], certificate: "c", foldedThrough: [])), at: WallTime(microseconds: start + number)))
        })
        return database
    }

    /// What a model says, as text: the types hold no order of their own to compare by.
    private func transcript(_ model: some FleetReadModel) async throws -> [String: String] {
        var lines: [String: String] = [:]
        lines["clusters"] = "\(try await model.clusters())"
        lines["alerts"] = "\(try await model.alerts().map { ($0.position, $0.change.fingerprint, $0.change.rule, $0.change.state, $0.change.summary, $0.change.labels.sorted { $0.key < $1.key }.map(\.value), $0.since) })"
        lines["allocation"] = "\(String(describing: try await model.newestAllocation()))"
        lines["heads"] = "\(try await model.heads())"
        for (name, from, to, points) in [("all", Int64(0), Int64(200), 1000), ("some", 20, 61, 1000), ("few points", 0, 200, 4), ("none", 500, 600, 10)] {
            let timeline = try await model.timeline(
                of: "plant-a", from: WallTime(microseconds: start + from * 1_000_000), to: WallTime(microseconds: start + to * 1_000_000), points: points)
            lines["timeline \(name)"] = "\(String(describing: timeline.map { ($0.points, $0.decisions.map(\.position.sequence).sorted(), $0.roster) }))"
        }
        lines["no timeline"] = "\(String(describing: try await model.timeline(of: "nowhere", from: WallTime(microseconds: 0), to: WallTime(microseconds: start * 2), points: 5)))"
        for sequence in [Int64(1), 2, 11, 12, 13, 40, 99] {
            let position = LogPosition(stream: "plant-a/s", sequence: sequence)
            lines["decision \(sequence)"] = "\(String(describing: try await model.decision(at: position)))"
        }
        for stream in [nil, "plant-b/s", "nowhere"] as [StreamName?] {
            var cursor: LogCursor?
            for page in 1...12 {
                let read = try await model.logPage(stream: stream, before: cursor, limit: 17)
                lines["page \(page) of \(String(describing: stream))"] = "\(read)"
                cursor = read.next
                if cursor == nil { break }
            }
        }
        return lines
    }

    @Test func `a standby's ticks stand neither in the fleet's row nor in the timeline`() async throws {
        let database = try await filled()
        for model in [PostgresReadModel(database.connection()) as any FleetReadModel, RecordedFleet(records: try await LogReader(database.connection()).batch(after: [:]).records)] {
            #expect(try await model.clusters().map { $0.newest.first?.position.stream } == ["plant-a/s", "plant-b/s"])
            let timeline = try await model.timeline(
                of: "plant-a", from: WallTime(microseconds: start), to: WallTime(microseconds: start + 200_000_000), points: 1000)
            #expect(timeline?.points.count == 20)
        }
    }

    @Test func `every question is answered as the reference answers it`() async throws {
        let database = try await filled()
        let batch = try await LogReader(database.connection()).batch(after: [:])
        #expect(batch.isComplete && batch.records.count > 130)
        let expected = try await transcript(RecordedFleet(records: batch.records))
        let answered = try await transcript(PostgresReadModel(database.connection()))
        #expect(Set(answered.keys) == Set(expected.keys))
        for (question, answer) in expected where answered[question] != answer {
            Issue.record("\(question)\n  reference: \(answer.prefix(1500))\n  SQL:       \(answered[question, default: "-"].prefix(1500))")
        }
    }
}
