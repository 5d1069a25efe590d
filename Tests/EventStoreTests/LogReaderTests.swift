import EventStore
import Events
import PostgreSQL
import Quantities
import Testing

/// Aim: a reader sees each stream ordered, complete and once, whatever else happens in the server (I5). Method: real appends; the
/// received day is moved by hand, a transaction is left open in another database.
@Suite struct LogReaderTests {
    struct Writer {
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
        mutating func append(_ count: Int) async throws {
            try await append((0..<count).map { LogEntry(EventEnvelope(kind: "process_started", version: 1, at: WallTime(microseconds: Int64($0)), body: "{}")) })
        }
        mutating func append(_ entries: [LogEntry]) async throws {
            let answer = try await log.answer(
                .append(AppendRequest(stream: stream, epoch: claim.epoch, nonce: claim.nonce, firstSequence: claim.head.sequence + 1, previousDigest: claim.head.digest, entries: entries)))
            guard case .stored(let head, _) = answer else { throw PostgresError(.other, "\(answer)", context: "test") }
            claim.head = head
        }
    }

    @Test func `a reader continues where it was, page by page, over days`() async throws {
        let database = try await TestDatabase.make()
        var one = try await Writer(database, "plant-a/s")
        var two = try await Writer(database, "plant-b/s")
        let reader = LogReader(database.connection())
        #expect(try await reader.batch(after: [:]).records.isEmpty)
        try await one.append(400)
        try await one.append(400)
        try await two.append(3)
        var cursors: [StreamName: Int64] = [:]
        var seen: [LogPosition] = []
        func poll() async throws -> LogReader.Batch {
            let batch = try await reader.batch(after: cursors)
            seen += batch.records.map(\.position)
            for record in batch.records { cursors[record.position.stream] = record.position.sequence }
            return batch
        }
        #expect(try await poll().isComplete == false)
        #expect(try await poll().isComplete)
        // The next entries fall on a later day, as after midnight.
        try database.run("UPDATE fairlead.stream SET received_on = received_on + 1")
        try await one.append(2)
        try await two.append(2)
        #expect(try await poll().isComplete)
        #expect(try await poll().records.isEmpty)
        #expect(seen.filter { $0.stream == "plant-a/s" }.map(\.sequence) == Array(1...802))
        #expect(seen.filter { $0.stream == "plant-b/s" }.map(\.sequence) == Array(1...5))
        #expect(try database.texts("SELECT count(DISTINCT received_on)::text FROM fairlead.event") == ["2"])
    }

    @Test func `a stream whose days were dropped is passed, and holds no reader up`() async throws {
        let database = try await TestDatabase.make()
        var closed = try await Writer(database, "plant-a/s")
        for _ in 0..<2 { try await closed.append(350) }
        var living = try await Writer(database, "plant-b/s")
        try await living.append(2)
        // As dropping a day leaves it: the head stands, the rows are gone.
        try database.run("DELETE FROM fairlead.event WHERE stream_id = fairlead.stream_id('plant-a/s') AND seq > 510")
        let reader = LogReader(database.connection())
        let first = try await reader.batch(after: [:])
        #expect(!first.isComplete && first.dropped.isEmpty, "a page that a bound cut is not the end")
        let second = try await reader.batch(after: ["plant-a/s": 500, "plant-b/s": 2])
        #expect(second.isComplete && second.records.count == 10)
        #expect(second.dropped == [LogPosition(stream: "plant-a/s", sequence: 700)])
        var seen = 0
        try await reader.readAll { _ in seen += 1 }
        #expect(seen == 512)
    }

    @Test func `a transaction left open in another database delays nobody`() async throws {
        let database = try await TestDatabase.make()
        let other = try await TestDatabase.make(migrated: false)
        let session = try other.session()
        try session.transaction { () throws(PostgresError) in
            try session.runScript(PostgresStatement(name: "hold", text: "CREATE TABLE held (n int4)"))
            // The writing transaction stays open while the reader must see what is appended.
        }
        let holder = other.connection()
        try await holder.run { session throws(PostgresError) in
            try session.runScript(PostgresStatement(name: "hold", text: "BEGIN; INSERT INTO held VALUES (1)"))
        }
        var writer = try await Writer(database, "plant-a/s")
        try await writer.append(1)
        #expect(try await LogReader(database.connection()).batch(after: [:]).records.count == 1)
        await holder.close()
    }

    @Test func `a head that moved back and an entry of a later version are told of`() async throws {
        let database = try await TestDatabase.make()
        var writer = try await Writer(database, "plant-a/s")
        try await writer.append(2)
        let reader = LogReader(database.connection())
        #expect(try await reader.batch(after: ["plant-a/s": 5]).movedBack == ["plant-a/s"])
        try database.run("UPDATE fairlead.event SET kind = kind WHERE seq = 1")
        #expect(try await reader.batch(after: [:]).unreadable.isEmpty)
    }

    @Test func `more unreadable rows than a page holds are gone past`() async throws {
        let database = try await TestDatabase.make()
        var writer = try await Writer(database, "plant-a/s")
        let tick = Tick(
            number: 1, at: WallTime(microseconds: 1), intervalMilliseconds: 1_000, rosterSequence: 1,
            flows: [FlowSample(quality: .missing, count: 0, lost: 0, windowMilliseconds: 1_000)])
        for _ in 0..<2 { try await writer.append([LogEntry](repeating: LogEntry(tick), count: 300)) }
        try await writer.append(1)
        // A quality of a later version.
        try database.run(#"UPDATE fairlead.tick SET flow_quality = '\x0000010163'"#)
        let first = try await LogReader(database.connection()).batch(after: [:])
        #expect(first.records.isEmpty && first.unreadable.map(\.sequence) == Array(1...500) && !first.isComplete)
        var read: [Int64] = []
        try await LogReader(database.connection()).readAll { read.append($0.position.sequence) }
        #expect(read == [601])
    }

    @Test func `a consumer's cursor goes forward only`() async throws {
        let database = try await TestDatabase.make()
        var writer = try await Writer(database, "plant-a/s")
        try await writer.append(3)
        let store = CursorStore(database.connection(), consumer: "coordinator")
        #expect(try await store.load() == [:])
        try await store.store(["plant-a/s": 3, "nobody/knows": 9])
        try await store.store(["plant-a/s": 2])
        #expect(try await store.load() == ["plant-a/s": 3])
        #expect(try await CursorStore(database.connection(), consumer: "other").load() == [:])
    }

    @Test func `a missing partition refuses the append and writes nothing`() async throws {
        let database = try await TestDatabase.make()
        var writer = try await Writer(database, "plant-a/s")
        #expect(try await LogAdministration(database.connection()).partitionDaysAhead() == LogAdministration.partitionDays)
        try database.run("UPDATE fairlead.stream SET received_on = received_on + 100")
        await #expect(throws: PostgresError.self) { try await writer.append(1) }
        #expect(try database.texts("SELECT seq::text FROM fairlead.stream") == ["0"])
        // A server clock that stepped back: the day never goes back, and the append succeeds on the later one.
        try database.run("UPDATE fairlead.stream SET received_on = received_on - 95")
        try await writer.append(1)
        #expect(try database.texts("SELECT (e.received_on = s.received_on)::text FROM fairlead.event e, fairlead.stream s") == ["true"])
    }
}
