import Cryptography
import EventStore
import Events
import Glibc
import PostgreSQL
import PrivatePostgres
import Quantities
import Testing

extension RealProcesses {
    /// Aim: readers and the centre may stand behind a pooler that hands out a connection per transaction (I1, I3, I5).
    /// Method: a real PgBouncer with five connections; sixty readers at once through it, and the centre's writes each over another client. Shippers
    /// connect directly: pools are per role.
    @Suite(.serialized) struct PoolerTests {
        private static let poolSize = 5

        @Test func `sixty readers and the centre share five connections, and read and write one log (I1, I3, I5)`() async throws {
            var options = PrivateServer.Options()
            options.syncsToDisk = false
            options.settings = ["max_connections=20"]
            let server = try PrivateServer.temporary(options: options)
            let direct = PostgresConnection(.socket(directory: server.socketDirectory, user: server.superuser, database: "postgres"))
            try await DatabaseSchema(direct).migrate()
            try await LogAdministration(direct).enroll(.central("coordinator"), role: "coordinator")
            try await fill(PostgresLog(direct), "plant-a/s", entries: 300)

            let home = SceneDirectory()
            let pooler = try startPooler(before: server, in: home)
            defer { pooler.kill() }
            try await eventually("PgBouncer takes connections") { access("\(home.path)/pool/.s.PGSQL.6432", F_OK) == 0 }
            let settings = pooled(home)

            try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<60 {
                    group.addTask {
                        let connection = PostgresConnection(settings)
                        let reader = LogReader(connection)
                        let heads = try await reader.heads().count
                        let read = try await reader.batch(after: [:]).records.count
                        await connection.close()
                        return heads * read
                    }
                }
                for try await product in group { #expect(product == 300) }
            }
            // Each request over another client, so over whichever connection is free.
            let clients = (0..<6).map { _ in PostgresConnection(settings) }
            try await fill(clients.map { PostgresLog($0) }, .coordinator, entries: 48)
            try await CursorStore(clients[0], consumer: "coordinator").store(["plant-a/s": 300])
            #expect(try await CursorStore(clients[1], consumer: "coordinator").load() == ["plant-a/s": 300])
            #expect(try await PostgresReadModel(clients[2]).newestAllocation() == nil)
            let backends = try await DatabaseView(.socket(directory: server.socketDirectory, user: server.superuser, database: "postgres"))
                .number("SELECT count(*)::text FROM pg_stat_activity WHERE usename = 'coordinator'")
            #expect(try #require(backends) <= Int64(Self.poolSize))
            let reports = try await LogVerifier(direct, hash: .libcrypto).verify()
            #expect(reports.map(\.entries).sorted() == [48, 300] && reports.flatMap(\.findings) == [])
            for client in clients { await client.close() }
            await direct.close()
        }

        /// What a process behind a pooler sets: no timeouts in the first packet, which PgBouncer refuses, and no prepared statements.
        private func pooled(_ home: SceneDirectory) -> ConnectionSettings {
            var settings = ConnectionSettings(["host": "\(home.path)/pool", "port": "6432", "user": "coordinator", "dbname": "postgres"])
            settings.sendsServerTimeouts = false
            settings.preparesStatements = false
            return settings
        }

        private func startPooler(before server: PrivateServer, in home: SceneDirectory) throws -> RunningProgram {
            let users = home.write("\"coordinator\" \"\"\n", to: "users.txt")
            let configuration = home.write(
                """
                [databases]
                postgres = host=\(server.socketDirectory) port=\(server.options.port)
                [pgbouncer]
                unix_socket_dir = \(home.path)/pool
                listen_port = 6432
                auth_type = trust
                auth_file = \(users)
                pool_mode = transaction
                default_pool_size = \(Self.poolSize)
                max_client_conn = 100

                """, to: "pgbouncer.ini")
            #expect(mkdir("\(home.path)/pool", 0o755) == 0)
            // It refuses root, and the server's socket is open to the server's own account.
            var account: [String] = []
            if getuid() == 0 {
                let user = try #require(unsafe getpwnam("postgres"), "the account of Debian's postgresql package")
                unsafe #expect(chown("\(home.path)/pool", user.pointee.pw_uid, user.pointee.pw_gid) == 0)
                account = ["--reuid", "postgres", "--regid", "postgres", "--clear-groups"]
            }
            return try RunningProgram(["setpriv"] + account + ["--pdeathsig", "KILL", "pgbouncer", configuration], name: "pgbouncer", in: home.path)
        }

        private func fill(_ log: PostgresLog, _ stream: StreamName, entries: Int) async throws { try await fill([log], stream, entries: entries) }

        /// Appends one batch of six after another, over each log in turn.
        private func fill(_ logs: [PostgresLog], _ stream: StreamName, entries: Int) async throws {
            guard case .opened(let claim, _, _) = try await logs[0].answer(.open(OpenRequest(stream: stream, highestEpochSeen: 0))) else {
                throw PostgresError(.other, "\(stream) did not open", context: "test")
            }
            var head = claim.head
            for batch in 0..<entries / 6 {
                let events = (0..<6).map { LogEntry(EventEnvelope(kind: "process_started", version: 1, at: WallTime(microseconds: Int64($0)), body: "{\"batch\":\(batch)}")) }
                let answer = try await logs[batch % logs.count].answer(
                    .append(
                        AppendRequest(
                            stream: stream, epoch: claim.epoch, nonce: claim.nonce, firstSequence: head.sequence + 1, previousDigest: head.digest, entries: events)))
                guard case .stored(let stored, _) = answer else { throw PostgresError(.other, "\(answer)", context: "test") }
                head = stored
            }
        }
    }
}
