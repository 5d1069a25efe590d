public import PostgreSQL
import Schema

/// Makes the database `fairlead` on a private server where there is none yet.
public struct DevelopmentDatabase: Sendable {
    private let connection: PostgresConnection

    /// - Parameter connection: to another database of the server, as a role that may make databases.
    public init(_ connection: PostgresConnection) { self.connection = connection }

    public func create() async throws(PostgresError) {
        try await connection.run { session throws(PostgresError) in
            let exists: Bool = try session.queryOne(Query.databaseExists) { row throws(PostgresError) in try row.value("is_there") }
            if !exists { try session.runScript(PostgresStatement(Query.databaseCreate)) }
        }
    }
}
