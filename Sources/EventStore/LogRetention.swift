public import Fleet
public import PostgreSQL
public import Quantities
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

    /// Streams whose old windows one call forgets: a bounded transaction.
    private static let streamsPerPrune: Int32 = 10

    private let connection: PostgresConnection

    public init(_ connection: PostgresConnection) { self.connection = connection }

    public func days() async throws(PostgresError) -> [Day] {
        try await connection.run { session throws(PostgresError) in
            try session.query(Query.partitionList) { row throws(PostgresError) in
                Day(day: try row.value("day"), bytes: try row.value("byte_count", as: Int64?.self), sealedStreams: try row.value("stream_count"))
            }
        }
    }

    /// Says how long each kind is kept from now on, for whoever looks. Nothing goes by this alone.
    public func set(_ retention: RetentionSpecification) async throws(PostgresError) {
        try await connection.run { session throws(PostgresError) in
            _ = try session.execute(Query.retentionSet, [.int4(retention.log), .int4(retention.minuteRollups), .int4(retention.hourRollups)])
        }
    }

    /// What is in force, and since when; nil where `serve` has applied nothing yet.
    public func inForce() async throws(PostgresError) -> (retention: RetentionSpecification, since: WallTime)? {
        let rows = try await connection.run { session throws(PostgresError) in
            try session.query(Query.retentionList) { row throws(PostgresError) in
                (kind: try row.value("kind", as: String.self), days: try row.value("keep_days", as: Int32?.self), since: try row.value("set_us", as: Int64.self))
            }
        }
        guard let since = rows.map(\.since).max() else { return nil }
        func days(_ kind: String) -> Int32? { rows.first { $0.kind == kind }?.days }
        return (
            RetentionSpecification(log: days("log"), minuteRollups: days("minute_rollups"), hourRollups: days("hour_rollups")),
            WallTime(microseconds: since)
        )
    }

    /// Forgets the windows that are older than they are kept; returns how many rows went.
    @discardableResult
    public func pruneRollups(_ retention: RetentionSpecification) async throws(PostgresError) -> Int64 {
        var gone: Int64 = 0
        for (width, days) in [(Int32(60), retention.minuteRollups), (3_600, retention.hourRollups)] {
            guard let days else { continue }
            var after: Int64? = .min
            while let place = after {
                let parameters: [PostgresParameter] = [.int4(width), .int4(days), .int8(place), .int4(LogRetention.streamsPerPrune)]
                let (count, last) = try await connection.run { session throws(PostgresError) in
                    try session.queryOne(Query.rollupPrune, parameters) { row throws(PostgresError) in
                        (try row.value("gone", as: Int64.self), try row.value("last_id", as: Int64?.self))
                    }
                }
                gone += count
                after = last
            }
        }
        return gone
    }

    /// Why a day may not be dropped; empty where it may.
    public func obstacles(day: String, keepDays: Int32) async throws(PostgresError) -> [String] {
        try await connection.run { session throws(PostgresError) in
            try session.query(Query.partitionObstacles, [.text(day), .int4(keepDays)]) { row throws(PostgresError) in try row.value("obstacle") }
        }
    }

    /// Whether an obstacle only says that the day's time has not come.
    public static func isYoung(_ obstacle: String) -> Bool { obstacle.hasPrefix("the day is younger") }

    /// Seals and drops a day; returns how many streams were sealed. Throws with the first obstacle where there is one.
    public func drop(day: String, keepDays: Int32) async throws(PostgresError) -> Int32 {
        try await connection.run { session throws(PostgresError) in
            try session.queryOne(Query.partitionDrop, [.text(day), .int4(keepDays)]) { row throws(PostgresError) in try row.value("sealed") }
        }
    }
}
