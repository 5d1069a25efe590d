public import Events
public import PostgreSQL
public import Quantities
import Schema

/// The newest part of the log: enough to know how the fleet stands, without having read all of it.
public struct RecentLogReader: Sendable {
    /// Of each cluster's stream so many entries are read: some dozens of ticks, of which the newest counts.
    public static let entriesOfCluster: Int64 = 400
    /// Of the coordinator's stream so many per cluster: the grants that may still live, and the estimates around them.
    public static let coordinatorEntriesPerCluster: Int64 = 16
    public static let coordinatorEntriesAtLeast: Int64 = 400

    public struct Stretch: Sendable {
        /// From where each stream was read, and the roster in force there.
        public var cursors: [StreamName: Int64] = [:]
        public var rosters: [LogPosition: Roster] = [:]
        /// The central streams' records first, then the clusters'; each stream's in order.
        public var records: [LogRecord] = []
        /// The log's own clock after the reading: the age of a record is counted from here.
        public var logTime = WallTime(microseconds: 0)
    }

    private let connection: PostgresConnection
    public init(_ connection: PostgresConnection) { self.connection = connection }

    public func read(clusters: Int) async throws(PostgresError) -> Stretch {
        let ofCoordinator = max(RecentLogReader.coordinatorEntriesAtLeast, Int64(clusters) * RecentLogReader.coordinatorEntriesPerCluster)
        let places = try await connection.run { session throws(PostgresError) in
            try session.query(Query.recentPlace, [.int8(ofCoordinator), .int8(RecentLogReader.entriesOfCluster)]) { row throws(PostgresError) in
                try StreamPlace(row)
            }
        }
        var stretch = Stretch()
        for place in places {
            stretch.cursors[place.position.stream] = place.position.sequence
            if let (position, roster) = place.roster { stretch.rosters[position] = roster }
        }
        var (central, clusters): ([LogRecord], [LogRecord]) = ([], [])
        try await LogReader(connection).readAll(after: stretch.cursors) { record in
            if record.position.stream.cluster == nil { central.append(record) } else { clusters.append(record) }
        }
        stretch.records = central + clusters
        stretch.logTime = try await connection.run { session throws(PostgresError) in
            try session.queryOne(Query.alertClock) { row throws(PostgresError) in WallTime(microseconds: try row.value("now_us")) }
        }
        return stretch
    }
}
