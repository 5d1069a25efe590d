import EventStore
import PostgreSQL

/// What stands in a database, asked for as text.
struct DatabaseView: Sendable {
    let settings: ConnectionSettings
    let connection: PostgresConnection

    init(_ settings: ConnectionSettings) {
        self.settings = settings
        connection = PostgresConnection(settings)
    }

    /// The rows of a question whose columns are all text.
    func rows(_ text: String) async throws -> [[String?]] {
        try await connection.run { session throws(PostgresError) in
            try session.query(PostgresStatement(name: "look \(text.hashValue)", text: text)) { row throws(PostgresError) in
                var columns: [String?] = []
                for place in 0..<row.columnCount { columns.append(try row.value(at: place, as: String?.self)) }
                return columns
            }
        }
    }
    /// A script of the test's own.
    func run(_ text: String) async throws {
        try await connection.run { session throws(PostgresError) in try session.runScript(PostgresStatement(name: "arrange", text: text)) }
    }
    func row(_ text: String) async throws -> [String?] { try await rows(text).first ?? [] }
    func text(_ question: String) async throws -> String? { try await row(question).first ?? nil }
    func number(_ question: String) async throws -> Int64? { try await text(question).flatMap { Int64($0) } }
    /// The server's own clock. Unit: seconds.
    func now() async throws -> Double { Double(try await text("SELECT extract(epoch FROM clock_timestamp())::text") ?? "") ?? 0 }
}
