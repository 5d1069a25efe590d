import Cryptography
import EventStore
import Events
import PostgreSQL
import Quantities
import Testing

/// Aim: each change of one row is found, at its number (I6). Method: a stream of ticks and events; one change at a time by the
/// superuser, undone by starting from a fresh copy.
@Suite struct LogVerifierTests {
    static let length: Int64 = 12

    private func filled() async throws -> TestDatabase {
        let database = try await TestDatabase.make()
        let log = PostgresLog(database.connection())
        guard case .opened(let claim, _, _) = try await log.answer(.open(OpenRequest(stream: "plant-a/s", highestEpochSeen: 0))) else {
            throw PostgresError(.other, "not opened", context: "test")
        }
        var samples = SampleEntries(seed: 7)
        // Ticks at odd numbers, events at even ones.
        let entries = (1...LogVerifierTests.length).map { number in
            number % 2 == 1
                ? LogEntry(samples.tick(number: number, ordinal: 0))
                : LogEntry(EventEnvelope(kind: "process_started", version: 1, at: WallTime(microseconds: number), body: #"{"n":\#(number)}"#))
        }
        _ = try await log.answer(
            .append(AppendRequest(stream: "plant-a/s", epoch: claim.epoch, nonce: claim.nonce, firstSequence: 1, previousDigest: claim.head.digest, entries: entries)))
        return database
    }

    private func findings(_ database: TestDatabase) async throws -> [LogVerifier.Finding] {
        try await LogVerifier(database.connection(), hash: .libcrypto).verify().flatMap(\.findings)
    }

    @Test func `an untouched log has no findings`() async throws {
        let reports = try await LogVerifier(try await filled().connection(), hash: .libcrypto).verify()
        #expect(reports.map(\.entries) == [LogVerifierTests.length])
        #expect(reports.flatMap(\.findings).isEmpty)
        #expect(reports.map(\.gaps) == [0] && reports.map(\.duplicates) == [0])
    }

    @Test(arguments: [
        ("UPDATE fairlead.tick SET at_us = at_us + 1 WHERE seq = 5", LogVerifier.Finding.altered(5)),
        ("UPDATE fairlead.tick SET flow_quality = '', flow_count = '', flow_lost = '', flow_window_ms = '', flow_age_ms = '', flow_base_100ns = '', flow_p50_100ns = '', flow_p95_100ns = '', flow_p99_100ns = '', flow_max_100ns = '', flow_pdv_p95_100ns = '', flow_ipdv_p95_100ns = '', flow_jitter_100ns = '', flow_rtt_p50_100ns = '', tick_number = 99 WHERE seq = 1", .altered(1)),
        ("UPDATE fairlead.tick SET is_leader = NOT is_leader WHERE seq = 11", .altered(11)),
        ("UPDATE fairlead.event SET body = replace(body, '6', '7') WHERE seq = 6", .altered(6)),
        ("UPDATE fairlead.event SET kind = 'other' WHERE seq = 12", .altered(12)),
        ("DELETE FROM fairlead.tick WHERE seq = 7", .missing(7...7)),
        ("DELETE FROM fairlead.event WHERE seq >= 11; DELETE FROM fairlead.tick WHERE seq >= 10", .missing(11...12)),
        ("UPDATE fairlead.event SET seq = 13 WHERE seq = 12", .missing(12...12)),
        ("INSERT INTO fairlead.event SELECT stream_id, 5, received_at, at_us, received_on, version, is_json, hash, kind, body FROM fairlead.event WHERE seq = 4", .duplicate(5)),
        ("UPDATE fairlead.stream SET seq = 11, hash = (SELECT hash FROM fairlead.tick WHERE seq = 11)", nil as LogVerifier.Finding?),
        ("UPDATE fairlead.stream SET hash = sha256('x')", nil),
    ] as [(String, LogVerifier.Finding?)])
    func `a change of one row is found at its number`(change: String, expected: LogVerifier.Finding?) async throws {
        let database = try await filled()
        try database.run(change)
        let found = try await findings(database)
        if let expected {
            #expect(found.contains(expected), "\(found)")
            #expect(found.count <= 2, "\(found)")
        } else if change.contains("seq = 11") {
            // A head set back is no finding by itself (rows behind it are not yet acknowledged): a checkpoint or a spool tells.
            #expect(found.isEmpty)
        } else {
            #expect(found.count == 1)
        }
    }

    @Test func `a swap of two rows, and every column of a tick, is found`() async throws {
        let database = try await filled()
        try database.run("UPDATE fairlead.event SET seq = -seq WHERE seq IN (4, 6); UPDATE fairlead.event SET seq = CASE seq WHEN -4 THEN 6 ELSE 4 END WHERE seq < 0")
        let swapped = try await findings(database)
        #expect(swapped.contains(.altered(4)) && swapped.contains(.altered(6)))

        let other = try await filled()
        let columns = try other.texts(
            "SELECT a.attname || '|' || format_type(a.atttypid, NULL) FROM pg_attribute a WHERE a.attrelid = 'fairlead.tick'::regclass AND a.attnum > 0 AND a.attname IN (SELECT attname FROM pg_attribute WHERE attrelid = 'fairlead.tick_body'::regclass)").compactMap(\.self)
        #expect(columns.count == Tick.columnCount)
        for column in columns {
            let parts = column.split(separator: "|")
            let (name, type) = (parts[0], parts[1])
            let value =
                switch type {
                case "boolean": "NOT coalesce(\(name), false)"
                case "bytea": "coalesce(\(name), '') || '\\x01'::bytea"
                default: "coalesce(\(name), 0) + 1"
                }
            try other.run("CREATE TABLE saved AS SELECT * FROM fairlead.tick WHERE seq = 3; UPDATE fairlead.tick SET \(name) = \(value) WHERE seq = 3")
            let found = try await findings(other)
            #expect(found.contains(.altered(3)), "\(name)")
            try other.run("DELETE FROM fairlead.tick WHERE seq = 3; INSERT INTO fairlead.tick SELECT * FROM saved; DROP TABLE saved")
        }
        #expect(try await findings(other).isEmpty)
    }
}
