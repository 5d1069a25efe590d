public import Events
public import PostgreSQL
public import Quantities
import Schema

/// The log as the alerter reads it: from a place near the heads, and with the log's own clock.
public struct AlertLogReader: Sendable {
    /// Where each stream is read on, and the roster in force there.
    public struct Place: Sendable {
        public var cursors: [StreamName: Int64] = [:]
        public var rosters: [LogPosition: Roster] = [:]
    }

    private let connection: PostgresConnection
    private let reader: LogReader
    private let consumer: String
    private let clusters: Int
    private let entriesOfCluster: Int64

    /// - Parameters:
    ///   - consumer: whose cursors say how far its predecessors came.
    ///   - clusters: how many the fleet has.
    ///   - entriesOfCluster: so many of each of its streams at the least.
    public init(_ connection: PostgresConnection, consumer: String, clusters: Int, entriesOfCluster: Int64) {
        self.connection = connection
        self.reader = LogReader(connection)
        self.consumer = consumer
        self.clusters = clusters
        self.entriesOfCluster = entriesOfCluster
    }

    public func place() async throws(PostgresError) -> Place {
        try await LogConsumers(connection).register(consumer, drives: "alerts and their notifications")
        let (clusters, entries, consumer) = (clusters, entriesOfCluster, consumer)
        let streams = try await connection.run { session throws(PostgresError) in
            try StreamPlace.all(session, clusters: clusters, entriesOfCluster: entries, consumer: consumer)
        }
        var place = Place()
        for stream in streams {
            place.cursors[stream.position.stream] = stream.position.sequence
            if let (position, roster) = stream.roster { place.rosters[position] = roster }
        }
        return place
    }

    /// What follows the cursors, and the log's clock when it had been read.
    public func batch(after cursors: [StreamName: Int64]) async throws(PostgresError) -> (batch: LogReader.Batch, logTime: WallTime) {
        let batch = try await reader.batch(after: cursors)
        let logTime = try await connection.run { session throws(PostgresError) in
            try session.queryOne(Query.alertClock) { row throws(PostgresError) in WallTime(microseconds: try row.value("now_us")) }
        }
        return (batch, logTime)
    }
}

/// A row of `recent_place`.
struct StreamPlace: Sendable {
    var position: LogPosition
    var roster: (position: LogPosition, roster: Roster)?

    /// Where a reader begins in each stream.
    /// - Parameter consumer: nil for a reader without cursors.
    static func all(
        _ session: borrowing PostgresSession, clusters: Int, entriesOfCluster: Int64, consumer: String? = nil
    ) throws(PostgresError) -> [StreamPlace] {
        let parameters: [PostgresParameter] = [
            .int8(RecentPart.entriesOfCoordinator(clusters: clusters)), .int8(entriesOfCluster),
            .int8(max(RecentPart.mostEntriesOfCluster, entriesOfCluster)), .text(consumer), .int8(RecentPart.mostEntriesBehindHead),
            .int8(RecentPart.setAsideAfter.count / 1_000),
        ]
        return try session.query(Query.recentPlace, parameters) { row throws(PostgresError) in try StreamPlace(row) }
    }

    init(_ row: borrowing PostgresRow) throws(PostgresError) {
        let stream = StreamName(try row.value("name"))
        position = LogPosition(stream: stream, sequence: try row.value("seq"))
        guard let sequence: Int64 = try row.value("roster_seq", as: Int64?.self), let cluster: String = try row.value("cluster", as: String?.self)
        else { return }
        // The projection keeps names only: no more is needed to tell which flow and which workload a row speaks of.
        let flows: [String] = try row.value("flow_ids")
        let workloads: [String] = try row.value("workload_ids")
        let links: [String] = try row.value("link_ids")
        roster = (
            LogPosition(stream: stream, sequence: sequence),
            Roster(
                cluster: ClusterID(cluster), configuration: .zero, mode: try row.value("mode", as: String?.self) ?? "",
                flows: flows.map {
                    Roster.Flow(
                        id: FlowID($0), vantage: "", source: "", serviceLevel: "", target: .microseconds(0), bound: .microseconds(0), links: [])
                },
                workloads: workloads.map { Roster.Workload(id: WorkloadID($0), floor: .zero, ceiling: .zero, links: []) },
                links: links.map { LinkID($0) }, laws: [])
        )
    }
}
