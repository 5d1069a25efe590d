public import Events
public import PostgreSQL
public import Quantities
import Schema

/// The log as the alerter reads it: from a place near the heads, and with the log's own clock.
public struct AlertLogReader: Sendable {
    /// So many entries before the cursor are read again at the start: enough for the newest tick of every loop, and for how long a
    /// measurement has been missing, without a store of its own for what the rules look at.
    public static let entriesReadAgain: Int64 = 500
    /// Further back from the head nothing is read: a reader that was away for so long is told of the present only.
    public static let entriesBehindHead: Int64 = 20_000

    /// Where each stream is read on, and the roster in force there.
    public struct Place: Sendable {
        public var cursors: [StreamName: Int64] = [:]
        public var rosters: [LogPosition: Roster] = [:]
    }

    private let connection: PostgresConnection
    private let reader: LogReader
    private let consumer: String

    public init(_ connection: PostgresConnection, consumer: String) {
        self.connection = connection
        self.reader = LogReader(connection)
        self.consumer = consumer
    }

    public func place() async throws(PostgresError) -> Place {
        try await LogConsumers(connection).register(consumer, drives: "alerts and their notifications")
        let parameters: [PostgresParameter] = [
            .text(consumer), .int8(AlertLogReader.entriesReadAgain), .int8(AlertLogReader.entriesBehindHead),
        ]
        let streams = try await connection.run { session throws(PostgresError) in
            try session.query(Query.alertPlace, parameters) { row throws(PostgresError) in try StreamPlace(row) }
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

/// A row of `alert_place` or `recent_place`.
struct StreamPlace: Sendable {
    var position: LogPosition
    var roster: (position: LogPosition, roster: Roster)?

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
