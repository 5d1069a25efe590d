public import PostgreSQL
import Schema

/// Days of the log: which there are, and how one goes. A day goes only when the roll-ups and every consumer are past it, the oldest
/// first, and leaves a seal per stream: its range and the chain's digests around it.
public struct LogRetention: Sendable {
    /// A day of the server's clock (UTC), `YYYY-MM-DD`.
    public struct Day: Equatable, Sendable {
        public var day: String
        /// Size of its partitions with indexes; nil for a day that was dropped.
        public var bytes: Int64?
        /// Streams sealed on it; 0 for a day that is there.
        public var sealedStreams: Int64
    }

    private let connection: PostgresConnection

    public init(_ connection: PostgresConnection) { self.connection = connection }

    public func days() async throws(PostgresError) -> [Day] {
        try await connection.run { session throws(PostgresError) in
            try session.query(Query.partitionList) { row throws(PostgresError) in
                Day(day: try row.value("day"), bytes: try row.value("byte_count", as: Int64?.self), sealedStreams: try row.value("stream_count"))
            }
        }
    }

    /// Why a day may not be dropped; empty where it may.
    public func obstacles(day: String, keepDays: Int32) async throws(PostgresError) -> [String] {
        try await connection.run { session throws(PostgresError) in
            try session.query(Query.partitionObstacles, [.text(day), .int4(keepDays)]) { row throws(PostgresError) in try row.value("obstacle") }
        }
    }

    /// Seals and drops a day; returns how many streams were sealed. Throws with the first obstacle where there is one.
    public func drop(day: String, keepDays: Int32) async throws(PostgresError) -> Int32 {
        try await connection.run { session throws(PostgresError) in
            try session.queryOne(Query.partitionDrop, [.text(day), .int4(keepDays)]) { row throws(PostgresError) in try row.value("sealed") }
        }
    }
}
