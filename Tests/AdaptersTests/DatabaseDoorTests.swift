@testable import Adapters
import Events
import PostgreSQL
import Quantities
import Synchronization
import Testing

/// Aim: an outage leaves a line when it begins, changes and ends, and no flood between. Method: a log that answers as it is told to.
@Suite struct DatabaseDoorTests {
    private final class ToldLog: EventLog {
        let failure = Mutex<PostgresError?>(nil)
        func answer(_ request: LogRequest) async throws -> LogAnswer {
            if case .open = request { return .refused(.unknownStream) }
            if let failure = failure.withLock({ $0 }) { throw failure }
            return .fenced(currentEpoch: 1)
        }
    }
    @Test func `one line as it begins, one as its reason changes, one as it ends`() async throws {
        let log = ToldLog()
        let lines = Lines()
        let watched = WatchedLog(log, DatabaseDoor("log") { door, reason in lines.add("\(door): \(reason ?? "answers")") })
        let append = LogRequest.append(
            AppendRequest(stream: "plant-a/s", epoch: 1, nonce: 1, firstSequence: 1, previousDigest: .zero, entries: []))
        let open = LogRequest.open(OpenRequest(stream: "plant-a/s", highestEpochSeen: 0))
        for file in ["16384/1", "16384/2", "16384/3"] {
            log.failure.withLock { $0 = PostgresError(.other, underlying: "53100", "could not extend \(file)", context: "append") }
            _ = try await watched.answer(open)
            _ = try? await watched.answer(append)
        }
        #expect(lines.all.count == 1, "\(lines.all)")
        log.failure.withLock { $0 = PostgresError(.other, underlying: "28P01", "no such password", context: "append") }
        _ = try? await watched.answer(append)
        log.failure.withLock { $0 = nil }
        for _ in 0..<3 { _ = try await watched.answer(append) }
        #expect(lines.all.count == 3 && lines.all.last == "log: answers", "\(lines.all)")
    }
}
