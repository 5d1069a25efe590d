public import Events
public import PostgreSQL
public import Quantities
import Schema

/// Reads the newest part of the log (`RecentPart`).
public struct RecentLogReader: Sendable {
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
        let (streams, grants) = try await connection.run { session throws(PostgresError) in
            let streams = try StreamPlace.all(session, clusters: clusters, entriesOfCluster: RecentPart.entriesOfCluster)
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
