public import Events
public import PostgreSQL
public import Quantities
import Schema

/// The newest part of the log: enough to know how the fleet stands, without having read all of it.
public struct RecentLogReader: Sendable {
    /// Of each cluster's stream so many entries are read: some dozens of ticks, of which the newest counts. A new leader folds as many of
    /// each cluster before its first decision. Where facts alone fill them, the cluster is unheard until its next tick, and keeps its share.
    public static let entriesOfCluster: Int64 = 128
    /// Of the coordinator's stream so many per cluster: the grants that may still live, and the estimates around them.
    public static let coordinatorEntriesPerCluster: Int64 = 16
    public static let coordinatorEntriesAtLeast: Int64 = 400

    /// Where the newest part begins.
    public struct Place: Sendable {
        /// From where each stream is read, and the roster in force there.
        public var cursors: [StreamName: Int64] = [:]
        public var rosters: [LogPosition: Roster] = [:]
        /// The newest of each cluster, however old.
        public var grants: [Grant] = []
    }

    public struct Stretch: Sendable {
        public var place: Place
        /// The central streams' records first, then the clusters'; each stream's in order.
        public var records: [LogRecord] = []
        /// The log's own clock after the reading: the age of a record is counted from here.
        public var logTime = WallTime(microseconds: 0)
    }

    private let connection: PostgresConnection
    public init(_ connection: PostgresConnection) { self.connection = connection }

    public func place(clusters: Int) async throws(PostgresError) -> Place {
        let ofCoordinator = max(RecentLogReader.coordinatorEntriesAtLeast, Int64(clusters) * RecentLogReader.coordinatorEntriesPerCluster)
        let (streams, grants) = try await connection.run { session throws(PostgresError) in
            let parameters: [PostgresParameter] = [.int8(ofCoordinator), .int8(RecentLogReader.entriesOfCluster)]
            let streams = try session.query(Query.recentPlace, parameters) { row throws(PostgresError) in try StreamPlace(row) }
            // A grant of a later version is one that this coordinator cannot count with; its newest allocation says what is kept.
            let grants = try session.query(Query.grantHeads) { row throws(PostgresError) in try? Grant(bodyText: try row.value("body")) }
            return (streams, grants.compactMap { $0 })
        }
        var place = Place(grants: grants)
        for stream in streams {
            place.cursors[stream.position.stream] = stream.position.sequence
            if let (position, roster) = stream.roster { place.rosters[position] = roster }
        }
        return place
    }

    public func read(clusters: Int) async throws(PostgresError) -> Stretch {
        var stretch = Stretch(place: try await place(clusters: clusters))
        var (central, clusters): ([LogRecord], [LogRecord]) = ([], [])
        try await LogReader(connection).readAll(after: stretch.place.cursors) { record in
            if record.position.stream.cluster == nil { central.append(record) } else { clusters.append(record) }
        }
        stretch.records = central + clusters
        stretch.logTime = try await connection.run { session throws(PostgresError) in
            try session.queryOne(Query.alertClock) { row throws(PostgresError) in WallTime(microseconds: try row.value("now_us")) }
        }
        return stretch
    }
}
