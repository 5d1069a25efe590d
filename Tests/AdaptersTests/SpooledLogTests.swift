@testable import Adapters
import Cryptography
import Events
import FoundationEssentials
import Quantities
import Synchronization
import Testing

/// Aim: what a central part wrote survives a database restored to an older state, whoever leads then (I1, I3, I8). Method: two replicas
/// with a spool each over one in-memory log that is set back by hand.
@Suite struct SpooledLogTests {
    /// A log that can be set back, and that can be cut off.
    private actor SharedLog: EventLog {
        var machine = LogMachine(hash: .libcrypto)
        var isReadable = true
        private var nonce: Int64 = 0

        func answer(_ request: LogRequest) async throws -> LogAnswer {
            nonce += 1
            return machine.apply(request, nonce: nonce)
        }
        func set(_ older: LogMachine) { machine = older }
        func setReadable(_ isReadable: Bool) { self.isReadable = isReadable }

        func stored(_ after: Int64, _ limit: Int) throws -> [SpooledLog.StoredEntry] {
            guard isReadable else { throw CocoaError(.fileReadUnknown) }
            var head = HashChain(.libcrypto).genesis(of: .coordinator)
            return machine.entries(of: .coordinator, after: 0, limit: .max >> 1).compactMap { sequence, entry in
                head = HashChain(.libcrypto).digest(after: head, sequence: sequence, entry: entry)
                return sequence > after ? SpooledLog.StoredEntry(sequence: sequence, entry: entry, digest: head) : nil
            }.prefix(limit).map { $0 }
        }
        var bodies: [[UInt8]] { machine.entries(of: .coordinator, after: 0, limit: .max >> 1).map(\.entry.recordBytes) }
    }

    /// One replica of a central part.
    private final class Replica: Sendable {
        let log: SpooledLog
        private let lines = Lines()
        private let claim = Mutex<StreamClaim?>(nil)

        init(_ shared: SharedLog, _ path: String) {
            log = SpooledLog(
                shared, stream: .coordinator, path: path, stored: { try await shared.stored($0, $1) },
                tell: { [lines] message, _ in lines.add(message) })
        }
        var talk: [String] { lines.all }

        func open(term: Int64) async throws {
            guard case .opened(let claim, _, _) = try await log.answer(.open(OpenRequest(stream: .coordinator, highestEpochSeen: 0, term: term)))
            else { throw CocoaError(.fileReadUnknown) }
            self.claim.withLock { $0 = claim }
        }
        func write(_ count: Int) async throws {
            for _ in 0..<count {
                let claim = try #require(self.claim.withLock { $0 })
                let entry = LogEntry(EventEnvelope(kind: "process_started", version: 1, at: WallTime(microseconds: claim.head.sequence), body: "{\"by\":\(claim.epoch)}"))
                let answer = try await log.answer(
                    .append(
                        AppendRequest(
                            stream: .coordinator, epoch: claim.epoch, nonce: claim.nonce, firstSequence: claim.head.sequence + 1,
                            previousDigest: claim.head.digest, entries: [entry])))
                guard case .stored(let head, _) = answer else { throw CocoaError(.fileReadUnknown) }
                self.claim.withLock { $0?.head = head }
            }
        }
    }
    private func scene(_ body: (SharedLog, (String) -> Replica) async throws -> Void) async throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("spooled-\(UInt64.random(in: 0...UInt64.max))")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let shared = SharedLog()
        try await body(shared) { Replica(shared, directory.appendingPathComponent("\($0).sqlite").path) }
    }

    @Test func `a standby that followed fills an older log again, though the leader of that time is gone`() async throws {
        try await scene { shared, replica in
            let (leader, standby) = (replica("leader"), replica("standby"))
            try await leader.open(term: 1)
            try await leader.write(3)
            let older = await shared.machine
            await standby.log.followOnce()
            try await leader.write(4)
            await standby.log.followOnce()
            let whole = await shared.bodies
            await shared.set(older)
            try await standby.open(term: 2)
            #expect(await shared.bodies == whole, "\(standby.talk)")
            try await standby.write(2)
            #expect(await shared.bodies.count == 9)
        }
    }

    @Test func `what a deposed leader spooled and never stored gives way to what its successor wrote`() async throws {
        try await scene { shared, replica in
            let (first, second) = (replica("first"), replica("second"))
            try await first.open(term: 1)
            try await first.write(2)
            let older = await shared.machine
            try await second.open(term: 2)
            await #expect(throws: (any Error).self) { try await first.write(1) }
            try await second.write(5)
            await first.log.followOnce()
            let whole = await shared.bodies
            await shared.set(older)
            try await first.open(term: 3)
            #expect(await shared.bodies == whole, "\(first.talk)")
        }
    }

    @Test func `a copy that failed is made up for by the next append, and told once`() async throws {
        try await scene { shared, replica in
            let (first, second) = (replica("first"), replica("second"))
            try await first.open(term: 1)
            try await first.write(6)
            let older = await shared.machine
            await shared.setReadable(false)
            try await second.open(term: 2)
            try await second.write(5)
            #expect(second.talk.count == 1, "\(second.talk)")
            await shared.setReadable(true)
            try await second.write(1)
            #expect(second.talk.count == 2 && second.talk.last?.hasSuffix("kept up again") == true, "\(second.talk)")
            let whole = await shared.bodies
            await shared.set(older)
            try await second.open(term: 3)
            #expect(await shared.bodies == whole)
        }
    }
}
