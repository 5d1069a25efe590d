import Cryptography
import EventStore
import Events
import PostgreSQL
import PrivatePostgres
import Quantities

/// A migrated database on a private server of its own, with the roles that production has, and a shipper by hand.
actor AlerterDatabase {
    nonisolated let server: PrivateServer
    private var claim: StreamClaim?
    private let log: PostgresLog
    private var number: Int64 = 0
    static let stream = StreamName("plant-a/s1")

    init() async throws {
        let server = try PrivateServer.temporary()
        self.server = server
        log = PostgresLog(PostgresConnection(AlerterDatabase.settings(server, user: "plant-a")))
        let owner = PostgresConnection(AlerterDatabase.settings(server))
        try await DatabaseSchema(owner).migrate()
        let administration = LogAdministration(owner)
        try await administration.enroll(.shipper(of: "plant-a"), role: "plant-a")
        try await administration.enroll(.central("alerter"), role: "alerter")
        await owner.close()
    }

    private static func settings(_ server: PrivateServer, user: String? = nil) -> ConnectionSettings {
        .socket(directory: server.socketDirectory, user: user ?? server.superuser, database: "postgres")
    }
    nonisolated func settings(user: String? = nil) -> ConnectionSettings { AlerterDatabase.settings(server, user: user) }
    nonisolated func connection(user: String? = nil) -> PostgresConnection { PostgresConnection(settings(user: user)) }

    /// One tick of the plant, as its shipper would send it; the first one brings the roster.
    func ship(_ quality: SampleQuality = .measured) async throws {
        if claim == nil {
            let answer = try await log.answer(.open(OpenRequest(stream: AlerterDatabase.stream, highestEpochSeen: 0)))
            guard case .opened(let opened, _, _) = answer else { throw Refused(answer: answer) }
            claim = opened
            try await append(LogEntry(EventEnvelope(.rosterDeclared(.story), at: WallTime(microseconds: 1_800_000_000_000_000))))
        }
        number += 1
        try await append(LogEntry(.story(number, quality, at: WallTime(microseconds: 1_800_000_000_000_000 + number * 1_000_000))))
    }

    private func append(_ entry: LogEntry) async throws {
        guard let claim else { return }
        let answer = try await log.answer(
            .append(
                AppendRequest(
                    stream: AlerterDatabase.stream, epoch: claim.epoch, nonce: claim.nonce, firstSequence: claim.head.sequence + 1,
                    previousDigest: claim.head.digest, entries: [entry])))
        guard case .stored(let head, _) = answer else { throw Refused(answer: answer) }
        self.claim?.head = head
    }
    struct Refused: Error { var answer: LogAnswer }

    /// The first column of each row, as text.
    nonisolated func texts(_ query: String, user: String? = nil) async throws -> [String] {
        try await connection(user: user).run { session throws(PostgresError) in
            try session.query(PostgresStatement(name: "test", text: query)) { row throws(PostgresError) in try row.value(at: 0) }
        }
    }

    /// Asks until the answer is this one. The server does the waiting between two questions, and a deadline ends it.
    nonisolated func awaitTexts(_ query: String, _ wanted: [String]) async throws -> [String] {
        var found: [String] = []
        let clock = ContinuousClock()
        let deadline = clock.now + .seconds(20)
        while clock.now < deadline {
            found = try await texts(query)
            if found == wanted { break }
            _ = try await texts("SELECT 'waited' FROM pg_sleep(0.02)")
        }
        return found
    }

    nonisolated func run(_ script: String) async throws {
        try await connection().run { session throws(PostgresError) in try session.runScript(PostgresStatement(name: "test", text: script)) }
    }
}
