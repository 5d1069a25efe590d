import PostgreSQL
import PrivatePostgres

/// One private server for the whole suite; a test that breaks a server starts its own.
enum TestServer {
    static let shared: PrivateServer = {
        do { return try PrivateServer.temporary() } catch { fatalError("a test server is needed: \(error)") }
    }()

    static func settings(_ server: PrivateServer = shared) -> ConnectionSettings {
        .socket(directory: server.socketDirectory, user: server.superuser, database: "postgres")
    }
    static func session() throws -> PostgresSession { try PostgresSession(settings()) }
}

func statement(_ text: String) -> PostgresStatement { PostgresStatement(name: "test_\(abs(text.hashValue))", text: text) }
