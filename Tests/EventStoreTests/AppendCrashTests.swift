import Cryptography
import EventStore
import Events
import PostgreSQL
import PrivatePostgres
import Quantities
import Testing

/// Aim: whatever breaks around an append, what was acknowledged is there once, and a resend settles the rest (I1, I2, I3, I4).
/// Method: a lock on the head row holds the append in flight (nothing waits on a clock); then the server, the backend or the writer ends.
@Suite struct AppendCrashTests {
    /// A server of its own, migrated, with a stream that is open.
    private struct Scene {
        let server: PrivateServer
        let settings: ConnectionSettings
        let claim: StreamClaim

        init() async throws {
            server = try PrivateServer.temporary()
            settings = .socket(directory: server.socketDirectory, user: server.superuser, database: "postgres")
            let connection = PostgresConnection(settings)
            try await DatabaseSchema(connection).migrate()
            guard case .opened(let claim, _, _) = try await PostgresLog(connection).answer(.open(OpenRequest(stream: "plant-a/s", highestEpochSeen: 0)))
            else { throw PostgresError(.other, "not opened", context: "test") }
            self.claim = claim
        }
        func connection() -> PostgresConnection { PostgresConnection(settings) }
        var first: AppendRequest {
            AppendRequest(
                stream: "plant-a/s", epoch: claim.epoch, nonce: claim.nonce, firstSequence: 1, previousDigest: claim.head.digest,
                entries: (0..<20).map { LogEntry(EventEnvelope(kind: "process_started", version: 1, at: WallTime(microseconds: $0), body: "{}")) })
        }

        /// A session that holds the head row; its end lets the append go on.
        func holdHead() throws -> PostgresSession {
            let session = try PostgresSession(settings)
            try session.runScript(PostgresStatement(name: "hold", text: "BEGIN; SELECT FROM fairlead.stream FOR UPDATE"))
            return session
        }
        /// Returns the waiting backend's process, once an append waits for the lock.
        func awaitBlockedAppend() async throws -> Int32 {
            let connection = connection()
            let question = PostgresStatement(
                name: "blocked", text: "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%fairlead.append%' LIMIT 1")
            for _ in 0..<20_000 {
                let found = try await connection.run { session throws(PostgresError) in
                    try session.query(question) { row throws(PostgresError) in try row.value(at: 0, as: Int32.self) }
                }
                if let process = found.first { return process }
            }
            throw PostgresError(.timeout, "no append came to wait", context: "test")
        }
        func expectWhole() async throws {
            let reports = try await LogVerifier(connection(), hash: .libcrypto).verify()
            #expect(reports.map(\.entries) == [20])
            #expect(reports.flatMap(\.findings).isEmpty)
        }
    }

    @Test(arguments: ["kill -9", "immediate", "backend"])
    func `an append in flight when the server breaks is settled by the resend`(fault: String) async throws {
        let scene = try await Scene()
        let held = try scene.holdHead()
        let connection = scene.connection()
        let request = scene.first
        let answer = Task { try await PostgresLog(connection).answer(.append(request)) }
        let backend = try await scene.awaitBlockedAppend()
        switch fault {
        case "kill -9": scene.server.kill()
        case "immediate": scene.server.stopImmediately()
        default:
            try PostgresSession(scene.settings).execute(PostgresStatement(name: "end", text: "SELECT pg_terminate_backend($1)"), [.int4(backend)])
        }
        let error = await #expect(throws: PostgresError.self) { _ = try await answer.value }
        #expect(error?.isRetriable == true)
        withExtendedLifetime(held) {}
        try scene.server.restart()
        guard case .stored = try await PostgresLog(connection).answer(.append(request)) else {
            Issue.record("the resend was not stored")
            return
        }
        guard case .duplicate = try await PostgresLog(connection).answer(.append(request)) else {
            Issue.record("the second resend was no duplicate")
            return
        }
        try await scene.expectWhole()
    }

    @Test func `an append that committed while its writer was gone is a duplicate`() async throws {
        let scene = try await Scene()
        let held = try scene.holdHead()
        var hasty = scene.settings
        hasty.sendsServerTimeouts = false
        hasty.statementTimeout = .milliseconds(300)
        hasty.unansweredGrace = .milliseconds(0)
        let impatient = PostgresConnection(hasty)
        let request = scene.first
        let answer = Task { try await PostgresLog(impatient).answer(.append(request)) }
        _ = try await scene.awaitBlockedAppend()
        // The writer gives up and closes its socket; the backend still waits for the lock and does not know.
        let error = await #expect(throws: PostgresError.self) { _ = try await answer.value }
        #expect(error?.code == .timeout)
        try held.runScript(PostgresStatement(name: "release", text: "COMMIT"))
        // Whoever is first, it stands there once.
        switch try await PostgresLog(scene.connection()).answer(.append(request)) {
        case .stored, .duplicate: break
        case let other: Issue.record("answered \(other)")
        }
        try await scene.expectWhole()
    }

    @Test func `a writer paused with its append in flight is fenced by the next claim, or its batch counts for both`() async throws {
        let scene = try await Scene()
        let held = try scene.holdHead()
        let request = scene.first
        let zombie = scene.connection()
        async let late = PostgresLog(zombie).answer(.append(request))
        _ = try await scene.awaitBlockedAppend()
        let successor = scene.connection()
        async let opened = PostgresLog(successor).answer(.open(OpenRequest(stream: "plant-a/s", highestEpochSeen: 0)))
        try held.runScript(PostgresStatement(name: "release", text: "COMMIT"))
        guard case .opened(let claim, _, _) = try await opened else {
            Issue.record("the successor did not open")
            return
        }
        switch try await late {
        case .stored: #expect(claim.head.sequence == 20)
        case .fenced(let epoch): #expect(epoch == claim.epoch && claim.head.sequence == 0)
        case let other: Issue.record("answered \(other)")
        }
        #expect(try await PostgresLog(zombie).answer(.append(request)) == .fenced(currentEpoch: claim.epoch))
    }

    @Test func `of two writers with one identity, the older is fenced and nothing is doubled`() async throws {
        let scene = try await Scene()
        let count = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<4 {
                group.addTask {
                    // Each opens and appends again and again, as cloned volumes would.
                    let log = PostgresLog(scene.connection())
                    var stored = 0
                    for round in 0..<10 {
                        guard case .opened(let claim, _, _) = try await log.answer(.open(OpenRequest(stream: "plant-a/s", highestEpochSeen: 0))) else { continue }
                        let entry = LogEntry(EventEnvelope(kind: "process_started", version: 1, at: WallTime(microseconds: Int64(round)), body: "{\"writer\":\(number)}"))
                        let answer = try await log.answer(
                            .append(AppendRequest(stream: "plant-a/s", epoch: claim.epoch, nonce: claim.nonce, firstSequence: claim.head.sequence + 1, previousDigest: claim.head.digest, entries: [entry])))
                        switch answer {
                        case .stored: stored += 1
                        case .fenced: break
                        case let other: Issue.record("answered \(other)")
                        }
                    }
                    return stored
                }
            }
            return try await group.reduce(0, +)
        }
        let reports = try await LogVerifier(scene.connection(), hash: .libcrypto).verify()
        #expect(reports.map(\.entries) == [Int64(count)])
        #expect(reports.flatMap(\.findings).isEmpty)
        #expect(count >= 1)
    }
}
