import EventStore
import Events
import PostgreSQL
import Quantities
import Testing

/// Aim: a bad append is refused with a word and a sentence, counted, and stops no other stream. Method: one bad batch after another, past our
/// own codec where that would stop it, as a hostile shipper's role would send it; after each, a good one from somebody else.
@Suite struct BadAppendTests {
    private struct Scene {
        let database: TestDatabase
        let session: PostgresSession
        let neighbour: PostgresLog
        var claim: StreamClaim
        var neighbourClaim: StreamClaim
    }

    private func scene() async throws -> Scene {
        let database = try await TestDatabase.make()
        let administration = LogAdministration(database.connection())
        for cluster in ["plant-a", "plant-b"] {
            try await administration.enroll(.shipper(of: ClusterID(cluster)), role: "\(cluster)_of_\(database.name)")
        }
        func open(_ stream: StreamName, _ log: PostgresLog) async throws -> StreamClaim {
            guard case .opened(let claim, _, _) = try await log.answer(.open(OpenRequest(stream: stream, highestEpochSeen: 0))) else {
                throw PostgresError(.other, "\(stream) did not open", context: "test")
            }
            return claim
        }
        let neighbour = PostgresLog(database.connection(user: "plant-b_of_\(database.name)"))
        return Scene(
            database: database, session: try database.session(user: "plant-a_of_\(database.name)"), neighbour: neighbour,
            claim: try await open("plant-a/s", PostgresLog(database.connection(user: "plant-a_of_\(database.name)"))),
            neighbourClaim: try await open("plant-b/s", neighbour))
    }

    /// What the log answers to these bytes, sent as they are: 'refused' and the word, or the SQLSTATE of an error.
    private func send(_ scene: Scene, kinds: String, ticks: [[UInt8]] = [], events: [[UInt8]] = []) throws -> String {
        let lookup = PostgresStatement(name: "type", text: "SELECT oid AS element, typarray AS array FROM pg_catalog.pg_type WHERE oid = $1::text::regtype")
        let text = """
            SELECT answer || coalesce(' ' || refusal, '') AS answer FROM fairlead.append(
                'plant-a/s', $1::int8, $2::int8, 1, $3::bytea, $4::bytea, $5::fairlead.tick_body[], $6::fairlead.event_body[], NULL) LIMIT 1
            """
        let parameters: [PostgresParameter] = [
            .int8(scene.claim.epoch), .int8(scene.claim.nonce), .bytea(scene.claim.head.digest.bytes), .bytea(Array(kinds.utf8)),
            .compositeArray(try scene.session.compositeType("fairlead.tick_body", lookup: lookup), records: ticks),
            .compositeArray(try scene.session.compositeType("fairlead.event_body", lookup: lookup), records: events),
        ]
        do {
            return try scene.session.queryOne(PostgresStatement(name: "bad", text: text), parameters) { row throws(PostgresError) in try row.value("answer") }
        } catch { return error.underlying }
    }

    private func counts(_ scene: Scene) async throws -> [String: Int64] {
        let counts = try await RefusalCount.all(scene.database.connection())
        return Dictionary(uniqueKeysWithValues: counts.map { ("\($0.who) \($0.word)", $0.times) })
    }

    private func event(kind: String = "process_started", version: Int16 = 1, body: String = "{}") -> EventEnvelope {
        EventEnvelope(kind: kind, version: version, at: WallTime(microseconds: 1), body: body)
    }

    @Test func `what no reader could use is refused and counted, however it is sent, and the neighbour goes on`() async throws {
        var scene = try await scene()
        var samples = SampleEntries(seed: 11)
        var tick = samples.tick(number: 1, ordinal: 0)
        tick.flows = (0..<4).map { _ in FlowSample(quality: .measured, count: 100, lost: 0, windowMilliseconds: 5_000, p95: .microseconds(10)) }
        var shorter = tick
        shorter.flows.removeLast()
        let (long, short) = (tick.recordBytes(), shorter.recordBytes())
        // The quality list of one tick in the other: lists that disagree.
        let disagreeing = replacing(column: 9, of: long, with: column(9, of: short))
        let nan = replacing(column: 36, of: long, with: [0xff, 0xff, 0xff, 0xff])  // in_raw_100ns: an integer, so that NaN can only come as nonsense
        var number: Int64 = 0
        func neighbourGoesOn(_ after: String) async throws {
            number += 1
            let request = AppendRequest(
                stream: "plant-b/s", epoch: scene.neighbourClaim.epoch, nonce: scene.neighbourClaim.nonce, firstSequence: number,
                previousDigest: scene.neighbourClaim.head.digest, entries: [LogEntry(event())])
            guard case .stored(let head, _) = try await scene.neighbour.answer(.append(request)) else {
                Issue.record("the neighbour was stopped after \(after)")
                return
            }
            scene.neighbourClaim.head = head
        }
        #expect(try send(scene, kinds: "t", ticks: [disagreeing]) == "refused malformed-entry")
        try await neighbourGoesOn("lists that disagree")
        #expect(try send(scene, kinds: "t", ticks: [nan]) == "refused malformed-entry")
        try await neighbourGoesOn("a negative delay")
        #expect(try send(scene, kinds: "q", events: [event().recordBytes()]) == "refused malformed-entry")
        #expect(try send(scene, kinds: "ee", events: [event().recordBytes()]) == "refused malformed-entry")
        #expect(try send(scene, kinds: "e", events: [event(kind: "grant_issued").recordBytes()]) == "refused foreign-kind")
        try await neighbourGoesOn("a foreign kind")
        #expect(try send(scene, kinds: "e", events: [event(kind: "of_a_later_version").recordBytes()]) == "refused unknown-kind")
        try await neighbourGoesOn("an unknown kind")
        #expect(try send(scene, kinds: "e", events: [event(version: 2).recordBytes()]) == "refused future-version")
        try await neighbourGoesOn("a version of a later schema")
        #expect(try send(scene, kinds: "e", events: [event(body: #"{"effective_bps":NaN}"#).recordBytes()]) == "refused malformed-entry")
        try await neighbourGoesOn("a body with NaN, which is no JSON")
        #expect(try send(scene, kinds: "e", events: [event(body: "\"" + String(repeating: "x", count: 10_000_000) + "\"").recordBytes()]) == "refused batch-too-large")
        try await neighbourGoesOn("ten megabytes")
        let largest = AppendRequest.maximumEntryBytesOfCluster - event(body: "").recordBytes().count
        #expect(try send(scene, kinds: "e", events: [event(body: String(repeating: "x", count: largest + 1)).recordBytes()]) == "refused entry-too-large")
        #expect(
            try await counts(scene) == [
                "plant-a/s malformed-entry": 5, "plant-a/s foreign-kind": 1, "plant-a/s unknown-kind": 1, "plant-a/s future-version": 1,
                "plant-a/s batch-too-large": 1, "plant-a/s entry-too-large": 1,
            ])
        // Bytes that are no text are not even read; the binary then asks again with the flaw alone, and that is counted.
        var bad = event(kind: "kind").recordBytes()
        let place = bad.firstIndex(of: UInt8(ascii: "k"))!
        bad[place] = 0xc0
        #expect(try send(scene, kinds: "e", events: [bad]) == "22021")
        let request = AppendRequest(
            stream: "plant-a/s", epoch: scene.claim.epoch, nonce: scene.claim.nonce, firstSequence: 1, previousDigest: scene.claim.head.digest,
            entries: [.event(recordBytes: bad)])
        #expect(try await PostgresLog(scene.database.connection()).answer(.append(request)) == .refused(.malformedEntry))
        #expect(try await counts(scene)["plant-a/s malformed-entry"] == 6)
        try await neighbourGoesOn("bad UTF-8")
        let atTheBound = event(body: "\"" + String(repeating: "y", count: largest - 2) + "\"")
        #expect(atTheBound.recordBytes().count == AppendRequest.maximumEntryBytesOfCluster)
        #expect(try send(scene, kinds: "e", events: [atTheBound.recordBytes()]) == "stored")
    }

    @Test func `a stream's name without bound and an epoch near the end of the numbers are refused and counted, and the stream can still be opened`() async throws {
        let scene = try await scene()
        let log = PostgresLog(scene.database.connection(user: "plant-a_of_\(scene.database.name)"))
        func open(_ stream: StreamName, seen: Int64) async throws -> LogAnswer { try await log.answer(.open(OpenRequest(stream: stream, highestEpochSeen: seen))) }
        let longest = StreamName("plant-a/" + String(repeating: "s", count: StreamName.maximumBytes - 8))
        #expect(try await open(StreamName(longest.text + "s"), seen: 0) == .refused(.nameTooLong))
        for seen in [Int64.max, OpenRequest.maximumLead + scene.claim.epoch + 1] { #expect(try await open("plant-a/s", seen: seen) == .refused(.absurdEpoch)) }
        for (stream, epoch) in [(longest, Int64(1)), ("plant-a/s", scene.claim.epoch + 1)] {
            guard case .opened(let claim, _, _) = try await open(stream, seen: 0) else {
                Issue.record("\(stream) did not open")
                return
            }
            #expect(claim.epoch == epoch)
        }
        let role = "role plant-a_of_\(scene.database.name)"
        #expect(try await counts(scene) == ["\(role) name-too-long": 1, "\(role) absurd-epoch": 2])
    }

    @Test func `however often and whatever is refused, the counts stay as many as there are words`() async throws {
        let scene = try await scene()
        let log = PostgresLog(scene.database.connection(user: "plant-a_of_\(scene.database.name)"))
        for place in 0..<200 {
            let request = AppendRequest(
                stream: StreamName(["plant-b/s", "plant-a/none-\(place)", "nowhere-\(place)"][place % 3]), epoch: 1, nonce: 1, firstSequence: 1,
                previousDigest: .zero, entries: [LogEntry(event())])
            guard case .refused = try await log.answer(.append(request)) else {
                Issue.record("not refused: \(request.stream)")
                return
            }
        }
        let role = "role plant-a_of_\(scene.database.name)"
        #expect(try await counts(scene) == ["\(role) not-your-stream": 133, "\(role) unknown-stream": 67])
    }

    @Test func `a conflict and a fenced writer are counted, and their sentences say what helps`() async throws {
        let scene = try await scene()
        let log = PostgresLog(scene.database.connection())
        func append(_ entry: EventEnvelope, nonce: Int64) async throws -> LogAnswer {
            try await log.answer(
                .append(AppendRequest(stream: "plant-a/s", epoch: scene.claim.epoch, nonce: nonce, firstSequence: 1, previousDigest: scene.claim.head.digest, entries: [LogEntry(entry)])))
        }
        _ = try await append(event(), nonce: scene.claim.nonce)
        #expect(try await append(event(body: "[]"), nonce: scene.claim.nonce) == .conflict(at: 1))
        #expect(try await append(event(), nonce: scene.claim.nonce &+ 1) == .fenced(currentEpoch: scene.claim.epoch))
        let refused = try await RefusalCount.all(scene.database.connection())
        #expect(Set(refused.map(\.word)) == ["conflict", "fenced"])
        #expect(refused.allSatisfy { $0.times == 1 && !$0.sentence.contains("later version") })
    }

    /// A column's length and data in a record.
    private func range(of column: Int, in record: [UInt8]) -> Range<Int> {
        var place = 4
        for _ in 0..<column { place += 8 + Int(max(0, length(at: place, record))) }
        return place + 4..<place + 8 + Int(max(0, length(at: place, record)))
    }
    private func length(at place: Int, _ record: [UInt8]) -> Int32 { record[place + 4..<place + 8].reduce(Int32(0)) { $0 << 8 | Int32($1) } }
    private func column(_ column: Int, of record: [UInt8]) -> [UInt8] { Array(record[range(of: column, in: record)].dropFirst(4)) }
    private func replacing(column: Int, of record: [UInt8], with data: [UInt8]) -> [UInt8] {
        var changed = record
        let size = UInt32(data.count)
        changed.replaceSubrange(range(of: column, in: record), with: [UInt8(size >> 24), UInt8(size >> 16 & 255), UInt8(size >> 8 & 255), UInt8(size & 255)] + data)
        return changed
    }
}
