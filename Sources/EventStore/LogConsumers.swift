public import PostgreSQL
public import Quantities
import Schema

/// The registry of those who read the log: a day is dropped when all of them are past it.
public struct LogConsumers: Sendable {
    public struct Consumer: Hashable, Sendable {
        public var name: String
        /// What would be wrong if it missed something; nil where it never registered and only keeps cursors.
        public var drives: String?
        /// From this day on (UTC, `YYYY-MM-DD`) a stream without a cursor counts as unread.
        public var registeredDay: String?
        public var streams: Int64
        /// Entries that it has not read, of the streams in which it has a cursor.
        public var entriesBehind: Int64
        public var lastMoved: WallTime?
    }

    private let connection: PostgresConnection

    public init(_ connection: PostgresConnection) { self.connection = connection }

    /// Registers a reader, or says anew what it drives. A day from today on waits for it.
    public func register(_ name: String, drives: String) async throws(PostgresError) {
        try await connection.run { session throws(PostgresError) in
            _ = try session.execute(Query.consumerRegister, [.text(name), .text(drives)])
        }
    }

    public func list() async throws(PostgresError) -> [Consumer] {
        try await connection.run { session throws(PostgresError) in
            try session.query(Query.consumerList) { row throws(PostgresError) in
                Consumer(
                    name: try row.value("name"), drives: try row.value("drives", as: String?.self),
                    registeredDay: try row.value("registered_day", as: String?.self), streams: try row.value("streams"),
                    entriesBehind: try row.value("behind"),
                    lastMoved: try row.value("moved_us", as: Int64?.self).map { WallTime(microseconds: $0) })
            }
        }
    }

    /// Takes a dead reader off, with its cursors. False where nobody knew it.
    public func remove(_ name: String) async throws(PostgresError) -> Bool {
        try await connection.run { session throws(PostgresError) in
            try session.queryOne(Query.consumerRemove, [.text(name)]) { row throws(PostgresError) in try row.value("removed", as: Int64.self) > 0 }
        }
    }
}
