import PostgreSQL
import PrivatePostgres
import Synchronization
import Testing

/// Aim: a session fails in kinds a caller can decide by, stays usable where it can, and never waits without end.
/// Method: real servers; one of them is stopped, killed and frozen.
@Suite struct SessionTests {
    @Test func `a refused row is a constraint and the session goes on`() throws {
        let session = try TestServer.session()
        try session.runScript(statement("CREATE TEMP TABLE tiny (n int4 CONSTRAINT n_is_small CHECK (n < 3))"))
        let insert = statement("INSERT INTO tiny VALUES ($1)")
        #expect(try session.execute(insert, [.int4(1)]) == 1)
        let error = #expect(throws: PostgresError.self) { try session.execute(insert, [.int4(5)]) }
        #expect(error?.code == .constraint)
        #expect(error?.underlying == "23514")
        #expect(error?.message.contains("n_is_small") == true)
        #expect(error?.isRetriable == false)
        #expect(try session.execute(insert, [.int4(2)]) == 1)
    }

    @Test func `a transaction that throws leaves nothing behind`() throws {
        let session = try TestServer.session()
        try session.runScript(statement("CREATE TEMP TABLE kept (n int4)"))
        let insert = statement("INSERT INTO kept VALUES ($1)")
        let count = statement("SELECT count(*) AS n FROM kept")
        try session.transaction { () throws(PostgresError) in _ = try session.execute(insert, [.int4(1)]) }
        #expect(throws: PostgresError.self) {
            try session.transaction { () throws(PostgresError) in
                try session.execute(insert, [.int4(2)])
                try session.execute(statement("SELECT 1/0"))
            }
        }
        #expect(try session.queryOne(count) { row throws(PostgresError) in try row.value("n", as: Int64.self) } == 1)
    }

    @Test func `the server ends a statement at its timeout and the session goes on`() throws {
        var settings = TestServer.settings()
        settings.statementTimeout = .milliseconds(50)
        let session = try PostgresSession(settings)
        let error = #expect(throws: PostgresError.self) { try session.execute(statement("SELECT pg_sleep(20)")) }
        #expect(error?.code == .timeout)
        #expect(error?.underlying == "57014")
        #expect(!session.isBroken)
    }

    @Test func `a frozen server is given up after the grace`() throws {
        let server = try PrivateServer.temporary()
        var settings = TestServer.settings(server)
        settings.sendsServerTimeouts = false
        settings.statementTimeout = .milliseconds(50)
        settings.unansweredGrace = .milliseconds(50)
        let session = try PostgresSession(settings)
        let error = #expect(throws: PostgresError.self) { try session.execute(statement("SELECT pg_sleep(20)")) }
        #expect(error?.code == .timeout)
        #expect(session.isBroken)
        #expect(throws: PostgresError.self) { try session.execute(statement("SELECT 1")) }
    }

    @Test func `a killed server is a lost connection and a restarted one is found again`() async throws {
        let server = try PrivateServer.temporary()
        let connection = PostgresConnection(TestServer.settings(server))
        let one = statement("SELECT 1::int8 AS n")
        @Sendable func ask(_ session: PostgresSession) throws(PostgresError) -> Int64 {
            try session.queryOne(one) { row throws(PostgresError) in try row.value("n", as: Int64.self) }
        }
        #expect(try await connection.run(ask) == 1)
        server.kill()
        let lost = await #expect(throws: PostgresError.self) { try await connection.run(ask) }
        #expect(lost?.isRetriable == true)
        let refused = await #expect(throws: PostgresError.self) { try await connection.run(ask) }
        #expect(refused?.code == .connectionFailed)
        try server.start()
        #expect(try await connection.run(ask) == 1)
    }

    @Test func `a wrong password, a missing database and a missing server have their sentences`() throws {
        var options = PrivateServer.Options()
        options.hostAuthentication = ["local all fairlead trust", "local all all scram-sha-256"]
        options.syncsToDisk = false
        let server = try PrivateServer.temporary(options: options)
        try PostgresSession(TestServer.settings(server)).runScript(statement("CREATE ROLE guarded LOGIN PASSWORD 'right'"))
        func failure(_ change: (inout ConnectionSettings) -> Void) -> PostgresError? {
            var settings = TestServer.settings(server)
            settings.connectTimeout = .seconds(2)
            change(&settings)
            do { _ = try PostgresSession(settings) } catch { return error }
            return nil
        }
        let wrong = failure { $0.keywords["user"] = "guarded"; $0.keywords["password"] = "wrong" }
        #expect(wrong?.code == .authenticationFailed)
        #expect(wrong?.underlying == "28P01")
        #expect(wrong?.description.contains("wrong") == false)
        let none = failure { $0.keywords["user"] = "guarded"; $0.keywords["passfile"] = "/nonexistent" }
        #expect(none?.code == .authenticationFailed)
        let missing = failure { $0.keywords["dbname"] = "nowhere" }
        #expect(missing?.code == .notOurDatabase)
        #expect(missing?.message.contains("createdb nowhere") == true)
        #expect(failure { $0.keywords["user"] = "guarded"; $0.keywords["password"] = "right" } == nil)
        let absent = failure { $0.keywords["host"] = "/nonexistent" }
        #expect(absent?.code == .connectionFailed)
        #expect(absent?.isRetriable == true)
    }

    @Test func `a copy goes in and out, and one that is broken off stores nothing`() throws {
        let session = try TestServer.session()
        try session.runScript(statement("CREATE TEMP TABLE copied (n int8, t text)"))
        var lines = (1...1000).map { Array("\($0)\tline \($0)\n".utf8) }[...]
        try session.copyIn(statement("COPY copied FROM STDIN")) { lines.popFirst() }
        var bytes: [UInt8] = []
        try session.copyOut(statement("COPY (SELECT * FROM copied ORDER BY n) TO STDOUT")) { bytes += $0 }
        let text = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        #expect(text.count == 1000)
        #expect(text.last == "1000\tline 1000")

        var pieces = 0
        let error = #expect(throws: PostgresError.self) {
            try session.copyIn(statement("COPY copied FROM STDIN")) { () throws(PostgresError) in
                pieces += 1
                if pieces == 3 { throw PostgresError(.other, "enough", context: "test") }
                return Array("\(pieces)\tx\n".utf8)
            }
        }
        #expect(error?.message == "enough")
        #expect(try session.queryOne(statement("SELECT count(*) AS n FROM copied")) { row throws(PostgresError) in try row.value("n", as: Int64.self) } == 1000)
        #expect(throws: PostgresError.self) { try session.copyOut(statement("COPY nothing TO STDOUT")) { _ in } }
        #expect(throws: PostgresError.self) { try session.copyOut(statement("SELECT 1")) { _ in } }
    }

    @Test func `work of several tasks on one connection never interleaves`() async throws {
        let connection = PostgresConnection(TestServer.settings())
        try await connection.run { session throws(PostgresError) in
            try session.runScript(statement("CREATE TEMP TABLE counter (n int8); INSERT INTO counter VALUES (0)"))
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<50 {
                group.addTask {
                    try await connection.run { session throws(PostgresError) in
                        try session.transaction { () throws(PostgresError) in
                            let n = try session.queryOne(statement("SELECT n FROM counter")) { row throws(PostgresError) in try row.value("n", as: Int64.self) }
                            try session.execute(statement("UPDATE counter SET n = $1"), [.int8(n + 1)])
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        let total = try await connection.run { session throws(PostgresError) in
            try session.queryOne(statement("SELECT n FROM counter")) { row throws(PostgresError) in try row.value("n", as: Int64.self) }
        }
        #expect(total == 50)
    }

    @Test func `a changed result type is prepared anew at the next attempt`() throws {
        let session = try TestServer.session()
        try session.runScript(statement("CREATE TEMP TABLE shape (a int4); INSERT INTO shape VALUES (1)"))
        let all = statement("SELECT * FROM shape")
        _ = try session.execute(all)
        try session.runScript(statement("ALTER TABLE shape ADD b int4"))
        let error = #expect(throws: PostgresError.self) { try session.execute(all) }
        #expect(error?.isRetriable == true)
        #expect(try session.query(all) { row in row.columnCount } == [2])
    }
}
