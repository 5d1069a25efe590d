import Cryptography
import EventStore
import Events
import PostgreSQL
import Quantities
import Testing

/// Aim: a log that was rewritten as a whole, so that its chain verifies, is found by a checkpoint; and so is a checkpoint that was
/// tampered with (I6). Method: the superuser rewrites, cuts, and forges; keys as of a service.
@Suite struct CheckpointTests {
    private static let seed = [UInt8](repeating: 7, count: 32)
    private static let key = Ed25519.publicKey(ofSeed: seed)!

    private func accepts(_ checkpoint: Checkpoint) -> Bool {
        checkpoint.key == "k" && Ed25519.verify(checkpoint.signature, of: checkpoint.message, publicKey: CheckpointTests.key)
    }

    private func write(_ database: TestDatabase, _ stream: StreamName, _ count: Int64, salt: Int64) async throws {
        let log = PostgresLog(database.connection())
        guard case .opened(let claim, _, _) = try await log.answer(.open(OpenRequest(stream: stream, highestEpochSeen: 0))) else { return }
        let entries = (1...count).map { LogEntry(EventEnvelope(kind: "process_started", version: 1, at: WallTime(microseconds: $0), body: #"{"n":\#($0 + salt)}"#)) }
        _ = try await log.answer(
            .append(
                AppendRequest(
                    stream: stream, epoch: claim.epoch, nonce: claim.nonce, firstSequence: claim.head.sequence + 1, previousDigest: claim.head.digest,
                    entries: entries)))
    }

    private func checkpoint(_ database: TestDatabase, term: Int64 = 1) async throws -> Checkpoint? {
        try await CheckpointLog(database.connection(), hash: .libcrypto).make(term: term, key: "k", at: WallTime(microseconds: 5)) {
            Ed25519.sign($0, seed: CheckpointTests.seed)!
        }
    }

    private func verify(_ database: TestDatabase, kept: [String] = []) async throws -> (verified: Int, findings: [CheckpointVerifier.Finding]) {
        try await CheckpointVerifier(database.connection(), hash: .libcrypto, accepts: { accepts($0) }).verify(kept: kept)
    }

    @Test func `a sound log agrees with its checkpoints, on it and outside`() async throws {
        let database = try await TestDatabase.make()
        try await write(database, "plant-a/s", 3, salt: 0)
        let first = try #require(try await checkpoint(database))
        try await write(database, "plant-b/s", 2, salt: 0)
        try await write(database, "plant-a/s", 1, salt: 9)
        let second = try #require(try await checkpoint(database))
        #expect(first.number == 1 && second.number == 2 && second.heads.count == 3)
        #expect(second.previous == HashFunction.libcrypto.digest(first.message))
        let result = try await verify(database, kept: [first.text, second.text])
        #expect(result.findings.isEmpty && result.verified == 2)
        // An older term's checkpoint is fenced.
        _ = try await checkpoint(database, term: 5)
        #expect(try await checkpoint(database, term: 4) == nil)
    }

    @Test func `a stream rewritten to its head verifies by itself and not by a checkpoint`() async throws {
        let database = try await TestDatabase.make()
        try await write(database, "plant-a/s", 3, salt: 0)
        let kept = try #require(try await checkpoint(database))
        try database.run("DELETE FROM fairlead.event WHERE stream_id = fairlead.stream_id('plant-a/s'); DELETE FROM fairlead.stream WHERE name = 'plant-a/s'")
        try await write(database, "plant-a/s", 3, salt: 100)
        #expect(try await LogVerifier(database.connection(), hash: .libcrypto).verify().flatMap(\.findings).isEmpty)
        #expect(try await verify(database).findings == [.streamDiffers(number: 1, stream: "plant-a/s", sequence: 3)])
        // Whoever removes the checkpoint from the log as well is found by the one that was kept.
        try database.run("DELETE FROM fairlead.event WHERE stream_id = fairlead.stream_id('checkpoint'); DELETE FROM fairlead.stream WHERE name = 'checkpoint'")
        #expect(try await verify(database).findings == [.none])
        #expect(try await verify(database, kept: [kept.text]).findings == [.notOnLog(number: 1), .streamDiffers(number: 1, stream: "plant-a/s", sequence: 3)])
    }

    @Test func `a stream cut back to an older head is found`() async throws {
        let database = try await TestDatabase.make()
        try await write(database, "plant-a/s", 3, salt: 0)
        _ = try await checkpoint(database)
        try database.run("DELETE FROM fairlead.event WHERE kind = 'process_started' AND seq = 3; UPDATE fairlead.stream SET seq = 2, hash = (SELECT hash FROM fairlead.event WHERE kind = 'process_started' AND seq = 2) WHERE name = 'plant-a/s'")
        #expect(try await LogVerifier(database.connection(), hash: .libcrypto).verify().flatMap(\.findings).isEmpty)
        #expect(try await verify(database).findings == [.streamDiffers(number: 1, stream: "plant-a/s", sequence: 3)])
    }

    @Test func `a forged checkpoint is none`() async throws {
        let database = try await TestDatabase.make()
        try await write(database, "plant-a/s", 3, salt: 0)
        let good = try #require(try await checkpoint(database))
        var moved = good
        moved.heads[0].head.sequence = 2
        var renumbered = good
        renumbered.number = 9
        var other = good
        other.signature = Ed25519.sign(good.message, seed: [UInt8](repeating: 8, count: 32))!
        for forged in [moved, renumbered, other] {
            let findings = try await verify(database, kept: [forged.text]).findings
            #expect(findings == [.unsigned("the file", number: forged.number)])
        }
        #expect(try await verify(database, kept: ["{}"]).findings == [.unreadable("the file", place: 1)])
    }

    @Test func `a checkpoint is read back from its text`() {
        let heads = (0..<7).map { Checkpoint.Head(stream: StreamName("plant-\($0)/s"), head: StreamHead(sequence: Int64($0), digest: .zero)) }
        var checkpoint = Checkpoint(number: 3, previous: .zero, at: WallTime(microseconds: 77), key: "k", heads: heads.reversed(), hash: .libcrypto)
        checkpoint.signature = [1, 2, 3]
        #expect(Checkpoint(text: checkpoint.text) == checkpoint)
        #expect(checkpoint.heads == heads)
        // Any head that changes, changes the root.
        for place in heads.indices {
            var changed = heads
            changed[place].head.sequence += 1
            #expect(Checkpoint.root(of: changed, hash: .libcrypto) != checkpoint.root)
        }
    }
}
