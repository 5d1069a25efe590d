import EventStore
import PostgreSQL
import PrivatePostgres
import Synchronization

/// A database of its own for each test, on one private server: copied from a template that is migrated once.
struct TestDatabase: Sendable {
    let name: String

    private static let server: PrivateServer = {
        var options = PrivateServer.Options()
        options.syncsToDisk = false
        // All suites share it, each test with several roles at once: PostgreSQL's hundred are too few where tests overlap more than usual.
        options.settings = ["max_connections=400"]
        do { return try PrivateServer.temporary(options: options) } catch { fatalError("a test server is needed: \(error)") }
    }()
    private static let count = Mutex(0)
    /// The lock also keeps two tests from copying the template at once, which PostgreSQL refuses.
    private static let copying = Mutex(())

    static func settings(database: String, user: String? = nil) -> ConnectionSettings {
        .socket(directory: server.socketDirectory, user: user ?? server.superuser, database: database)
    }

    /// An empty database, or a migrated one.
    static func make(migrated: Bool = true) async throws -> TestDatabase {
        let name = "test_\(count.withLock { $0 += 1; return $0 })"
        if migrated {
            try await template.make()
            try copying.withLock { _ in try create("CREATE DATABASE \(name) TEMPLATE migrated") }
        } else {
            try create("CREATE DATABASE \(name)")
        }
        return TestDatabase(name: name)
    }

    private static let template = TemplateMaker()
    private actor TemplateMaker {
        private var making: Task<Void, any Error>?
        func make() async throws {
            if making == nil {
                making = Task {
                    try TestDatabase.create("CREATE DATABASE migrated")
                    let connection = PostgresConnection(TestDatabase.settings(database: "migrated"))
                    try await DatabaseSchema(connection).migrate()
                    await connection.close()
                }
            }
            try await making?.value
        }
    }

    private static func create(_ text: String) throws {
        let session = try PostgresSession(settings(database: "postgres"))
        try session.runScript(PostgresStatement(name: "create", text: text))
    }

    func connection(user: String? = nil) -> PostgresConnection { PostgresConnection(TestDatabase.settings(database: name, user: user)) }
    func session(user: String? = nil) throws -> PostgresSession { try PostgresSession(TestDatabase.settings(database: name, user: user)) }

    /// Runs a script as the superuser.
    func run(_ script: String) throws { try session().runScript(PostgresStatement(name: "test", text: script)) }

    /// One column of text, as the superuser or another role.
    func texts(_ query: String, user: String? = nil) throws -> [String?] {
        try session(user: user).query(PostgresStatement(name: "test", text: query)) { row throws(PostgresError) in
            try row.value(at: 0, as: String?.self)
        }
    }
}

/// The kind of error that `body` throws; nil where it throws none.
func code(_ body: () throws -> Void) -> PostgresError.Code? {
    do { try body() } catch let error as PostgresError { return error.code } catch { return nil }
    return nil
}
