public import Coordination
public import Coordinator
public import Events
public import EventStore
public import PostgreSQL

extension SpooledLog {
    /// The log on PostgreSQL with a spool for `stream` in `directory`, where there is one to be kept.
    static func make(
        _ stream: StreamName, in directory: String?, database: ConnectionSettings, tell: @escaping @Sendable (String, [String: String]) -> Void
    ) -> SpooledLog? {
        guard let directory else { return nil }
        let reader = LogReader(PostgresConnection(database))
        return SpooledLog(
            PostgresLog(PostgresConnection(database)), stream: stream, path: "\(directory)/\(stream).sqlite",
            stored: { after, limit in
                try await reader.stored(of: stream, after: after, limit: limit).map {
                    StoredEntry(sequence: $0.sequence, entry: $0.entry, digest: $0.digest)
                }
            }, tell: tell)
    }
}

/// The streams of the log, read by cursor.
public struct CoordinatorLogSource: LogSource {
    private let reader: LogReader
    private let recent: RecentLogReader
    private let clusters: Int

    /// - Parameter clusters: how many the fleet has: that many stretches of the newest part are looked at.
    public init(_ connection: PostgresConnection, clusters: Int) {
        reader = LogReader(connection)
        recent = RecentLogReader(connection)
        self.clusters = clusters
    }

    public func place() async throws -> FleetPlace { FleetPlace(try await recent.place(clusters: clusters)) }

    public func reading(after cursors: [StreamName: Int64]) async throws -> LogReading {
        let batch = try await reader.batch(after: cursors)
        return LogReading(records: batch.records, unreadable: batch.unreadable + batch.dropped, isComplete: batch.isComplete, hasMovedBack: !batch.movedBack.isEmpty)
    }
}

extension FleetPlace {
    public init(_ place: RecentLogReader.Place) {
        self.init(cursors: place.cursors, rosters: place.rosters, grants: place.grants)
    }
}
