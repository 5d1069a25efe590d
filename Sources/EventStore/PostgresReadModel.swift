public import Events
public import PostgreSQL
public import Quantities
public import ReadModel
import JSONDocument
import Schema

/// What people read, from the log's tables. Each question is one or two statements, bounded as `FleetReadModel` says; entries of a
/// later version than this binary's are passed over.
public struct PostgresReadModel: FleetReadModel {
    /// The most ticks that one timeline is made from: three days of a 5 s tick.
    public static let maximumTimelineTicks: Int32 = 51_840
    /// The most patches that one decision is shown with.
    static let maximumPatches: Int32 = 200

    let connection: PostgresConnection

    public init(_ connection: PostgresConnection) { self.connection = connection }

    public func heads() async throws -> [StreamHeadPosition] {
        try await connection.run { session throws(PostgresError) in
            try session.query(Query.logHeads) { row throws(PostgresError) in
                StreamHeadPosition(stream: StreamName(try row.value("name")), sequence: try row.value("seq"))
            }
        }.sorted { $0.stream < $1.stream }
    }

    public func clusters() async throws -> [ClusterOverview] {
        let rows = try await connection.run { session throws(PostgresError) in
            try session.query(Query.readClusters) { row throws(PostgresError) in try ClusterRow(row) }
        }
        var overviews: [ClusterOverview] = []
        for row in rows {
            if overviews.last?.cluster != row.cluster {
                overviews.append(
                    ClusterOverview(
                        cluster: row.cluster, roster: row.roster, newest: [], receivedAt: nil, alertsFiring: row.firing,
                        alertsPending: row.pending))
            }
            guard let tick = row.tick else { continue }
            overviews[overviews.count - 1].newest.append(tick)
            overviews[overviews.count - 1].receivedAt = row.receivedAt
        }
        return overviews
    }

    public func timeline(of cluster: ClusterID, from: WallTime, to: WallTime, points: Int) async throws -> ClusterTimeline? {
        let stretch: [PostgresParameter] = [.text(cluster.text), .int8(from.microseconds), .int8(to.microseconds)]
        return try await connection.run { session throws(PostgresError) in
            // One snapshot, so that points and decisions tell one story.
            try session.transaction(.snapshot) { () throws(PostgresError) in
                let rosters = try session.query(Query.readClusterRoster, [.text(cluster.text), .int8(to.microseconds)]) { row throws(PostgresError) in
                    try row.value("body", as: String?.self)
                }
                guard let roster = rosters.first else { return nil }
                let single = try session.query(Query.readTimeline, stretch + [.int4(Self.maximumTimelineTicks)]) { row throws(PostgresError) in
                    try TimelinePoint(row)
                }
                let decisions = try session.query(
                    Query.readDecisions, stretch + [.int4(Int32(ClusterTimeline.maximumDecisions))]
                ) { row throws(PostgresError) in try row.positionedTick() }
                return ClusterTimeline(
                    cluster: cluster, from: from, to: to, roster: roster.flatMap(Roster.init(storedBody:)),
                    points: TimelinePoint.merged(single, atMost: points), decisions: decisions.compactMap(\.self))
            }
        }
    }

    public func alerts() async throws -> [AlertOverview] {
        try await connection.run { session throws(PostgresError) in
            try session.query(Query.readAlerts, [.int4(Int32(AlertOverview.maximumResolved))]) { row throws(PostgresError) in
                try AlertOverview(row)
            }
        }.compactMap(\.self)
    }

    public func decision(at position: LogPosition) async throws -> DecisionRecord? {
        let parameters: [PostgresParameter] = [.text(position.stream.text), .int8(position.sequence)]
        return try await connection.run { session throws(PostgresError) in
            let found = try session.query(Query.readDecision, parameters) { row throws(PostgresError) in try DecisionRecord(row, at: position) }
            guard var record = found.first ?? nil, record.tick.decision != nil else { return nil }
            let patches = try session.query(
                Query.readPatches, [.text(position.description), .int8(record.receivedAt.microseconds), .int4(Self.maximumPatches)]
            ) { row throws(PostgresError) in try row.envelope() }
            record.settled = patches.compactMap { envelope in
                guard case .patchSettled(let patch)? = envelope.knownFact else { return nil }
                return patch
            }
            return record
        }
    }

    public func newestAllocation() async throws -> AllocationOverview? {
        try await connection.run { session throws(PostgresError) in
            try session.query(Query.readAllocation) { (row: borrowing PostgresRow) throws(PostgresError) -> AllocationOverview? in
                let envelope = try row.envelope()
                guard case .allocationDecided(let allocation)? = envelope.knownFact else { return nil }
                return AllocationOverview(
                    position: LogPosition(stream: .coordinator, sequence: try row.value("seq")), at: envelope.at, allocation: allocation)
            }.first ?? nil
        }
    }

    public func logPage(stream: StreamName?, before: LogCursor?, limit: Int) async throws -> LogPage {
        let limit = max(1, min(limit, LogPage.maximumRecords))
        let entries = try await connection.run { session throws(PostgresError) in
            if let stream { return try Self.page(of: stream, before: before, limit: limit + 1, session) }
            return try Self.page(before: before, limit: limit + 1, session)
        }
        let page = entries.prefix(limit)
        return LogPage(
            records: page.compactMap(\.record), next: entries.count > limit ? page.last.map(\.cursor) : nil)
    }

    private static func page(of stream: StreamName, before: LogCursor?, limit: Int, _ session: PostgresSession) throws(PostgresError) -> [PageEntry] {
        let parameters: [PostgresParameter] = [.text(stream.text), .int8(before?.position.sequence ?? .max), .int4(Int32(limit))]
        return try session.query(Query.readStreamPage, parameters) { row throws(PostgresError) in try PageEntry(row) }
    }

    /// The ticks have no index by time, so a page is first looked for close behind its cursor, and further back only where that is
    /// too little: a minute, an hour, a day, all.
    private static func page(before: LogCursor?, limit: Int, _ session: PostgresSession) throws(PostgresError) -> [PageEntry] {
        let heads = try session.query(Query.readNewestArrival) { row throws(PostgresError) in try row.value("received_us", as: Int64?.self) }
        let newest = (heads.first ?? nil).map { $0 + 1 } ?? 0
        let received = before?.receivedAt.microseconds ?? newest
        var entries: [PageEntry] = []
        for span: Int64 in [60_000_000, 3_600_000_000, 86_400_000_000, received] {
            let parameters: [PostgresParameter] = [
                .int8(received), .text(before?.position.stream.text ?? ""), .int8(before?.position.sequence ?? 0), .int8(max(0, received - span)),
                .int4(Int32(limit)),
            ]
            entries = try session.query(Query.readLogPage, parameters) { row throws(PostgresError) in try PageEntry(row) }
            if entries.count >= limit { break }
        }
        return entries
    }
}
