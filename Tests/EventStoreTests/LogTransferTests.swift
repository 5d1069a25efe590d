import Cryptography
import EventStore
import Events
import PostgreSQL
import Quantities
import Synchronization
import Testing

/// Aim: an exported log is the log: imported elsewhere, the heads are equal, and a changed line is refused by name.
/// Method: seeded entries of two streams; out of one database and into another.
@Suite struct LogTransferTests {
    private func filled() async throws -> TestDatabase {
        let database = try await TestDatabase.make()
        let log = PostgresLog(database.connection())
        var samples = SampleEntries(seed: 11)
        for stream in ["plant-a/s \"1\"", "plant-b/s"] as [StreamName] {
            guard case .opened(let claim, _, _) = try await log.answer(.open(OpenRequest(stream: stream, highestEpochSeen: 0))) else { continue }
            let entries = (0..<60).map { _ in samples.entry(clusters: ["plant-a"], admittedIn: stream) }
            let answer = try await log.answer(
                .append(AppendRequest(stream: stream, epoch: claim.epoch, nonce: claim.nonce, firstSequence: 1, previousDigest: claim.head.digest, entries: entries)))
            guard case .stored = answer else { throw PostgresError(.other, "\(answer)", context: "test") }
        }
        return database
    }

    private func exported(_ database: TestDatabase) async throws -> [String] {
        let text = Mutex<[UInt8]>([])
        try await LogTransfer(database.connection(), hash: .libcrypto).export { piece in text.withLock { $0 += piece } }
        return text.withLock { String(decoding: $0, as: UTF8.self).split(separator: "\n").map(String.init) }
    }

    private func imported(_ lines: [String], into database: TestDatabase) async throws -> Int {
        let rest = Mutex(lines[...])
        return try await LogTransfer(database.connection(), hash: .libcrypto).import { rest.withLock { $0.popFirst() } }
    }

    @Test func `out and in, the heads are equal; again, nothing changes`() async throws {
        let source = try await filled()
        let target = try await TestDatabase.make()
        let lines = try await exported(source)
        #expect(lines.count == 120)
        #expect(try await imported(lines, into: target) == 120)
        let heads = "SELECT name || ' ' || seq || ' ' || encode(hash, 'hex') FROM fairlead.stream ORDER BY name"
        #expect(try target.texts(heads) == source.texts(heads))
        #expect(try await imported(lines, into: target) == 120)
        #expect(try target.texts(heads) == source.texts(heads))
        #expect(try await LogVerifier(target.connection(), hash: .libcrypto).verify().flatMap(\.findings).isEmpty)
    }

    @Test func `what was declared lost is lost elsewhere too, at the same numbers and digests`() async throws {
        let source = try await TestDatabase.make()
        let log = PostgresLog(source.connection())
        var samples = SampleEntries(seed: 5)
        guard case .opened(let claim, _, _) = try await log.answer(.open(OpenRequest(stream: "plant-a/s", highestEpochSeen: 0))) else {
            Issue.record("the stream did not open")
            return
        }
        var head = claim.head
        func lose(_ count: Int64) async throws {
            let after = Digest(bytes: (0..<32).map { _ in UInt8(samples.number(0...255)) })!
            let lost = LostRange(first: head.sequence + 1, last: head.sequence + count, digestBefore: head.digest, digestAfter: after, cause: "full")
            let answer = try await log.answer(
                .declareLost(LossRequest(stream: "plant-a/s", epoch: claim.epoch, nonce: claim.nonce, lost: lost, at: WallTime(microseconds: 7))))
            guard case .stored(let stored, _) = answer else { throw PostgresError(.other, "\(answer)", context: "test") }
            head = stored
        }
        // At the very beginning, in the middle, and twice in a row.
        try await lose(3)
        for count in [4, 1] as [Int64] {
            let entries = (0..<10).map { _ in samples.entry(clusters: ["plant-a"], admittedIn: "plant-a/s") }
            let answer = try await log.answer(
                .append(AppendRequest(stream: "plant-a/s", epoch: claim.epoch, nonce: claim.nonce, firstSequence: head.sequence + 1, previousDigest: head.digest, entries: entries)))
            guard case .stored(let stored, _) = answer else { throw PostgresError(.other, "\(answer)", context: "test") }
            head = stored
            try await lose(count)
            try await lose(2)
        }
        let lines = try await exported(source)
        #expect(lines.count == 25)
        let target = try await TestDatabase.make()
        for _ in 0..<2 {
            #expect(try await imported(lines, into: target) == 25)
            let heads = "SELECT name || ' ' || seq || ' ' || encode(hash, 'hex') FROM fairlead.stream ORDER BY name"
            #expect(try target.texts(heads) == source.texts(heads))
        }
        let strip = { (lines: [String]) in lines.map { $0.replacing(/"received_at":"[^"]*"|"received_[a-z]*":[^,}]*/, with: "") } }
        #expect(strip(try await exported(target)) == strip(lines))
        var shortened = lines
        shortened.remove(at: 3)
        let other = try await TestDatabase.make()
        await #expect(throws: LogTransfer.Failure.self) { try await imported(shortened, into: other) }
    }

    @Test func `a line that was changed, left out or is none is refused with its number`() async throws {
        let lines = try await exported(try await filled())
        var changed = lines
        changed[4] = changed[4].replacing("\"bytes\":\"00000", with: "\"bytes\":\"00001")
        var shortened = lines
        shortened.remove(at: 4)
        for (broken, line) in [(changed, 5), (shortened, 5), (Array(lines[..<3]) + ["{}"], 4), (Array(lines[..<3]) + ["no JSON"], 4)] {
            let database = try await TestDatabase.make()
            let error = await #expect(throws: LogTransfer.Failure.self) { try await imported(broken, into: database) }
            #expect(error?.description.hasPrefix("line \(line)") == true, "\(String(describing: error))")
        }
    }
}
