public import Events
public import PostgreSQL
import Schema

/// How far a named consumer is done with each stream, kept in the database. Cursors only go forward.
public struct CursorStore: Sendable {
    private let connection: PostgresConnection
    private let consumer: String

    public init(_ connection: PostgresConnection, consumer: String) {
        self.connection = connection
        self.consumer = consumer
    }

    public func load() async throws(PostgresError) -> [StreamName: Int64] {
        let consumer = self.consumer
        let places = try await connection.run { session throws(PostgresError) in
            try session.query(Query.cursorLoad, [.text(consumer)]) { row throws(PostgresError) in
                (StreamName(try row.value("name")), try row.value("seq", as: Int64.self))
            }
        }
        return Dictionary(uniqueKeysWithValues: places)
    }

    public func store(_ cursors: [StreamName: Int64]) async throws(PostgresError) {
        let consumer = self.consumer
        let ordered = cursors.sorted { $0.key < $1.key }
        try await connection.run { session throws(PostgresError) in
            try session.execute(
                Query.cursorStore, [.text(consumer), .textArray(ordered.map(\.key.text)), .int8Array(ordered.map(\.value))])
        }
    }
}
