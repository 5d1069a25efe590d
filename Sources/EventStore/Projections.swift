public import PostgreSQL
import Schema

/// What is made from the log and can be made again: rosters, newest grants, alerts, and the roll-ups.
public struct Projections: Sendable {
    public struct Digest: Equatable, Sendable {
        public var projection: String
        public var rows: Int64
        /// SHA-256 over the rows in the order of their keys, hexadecimal.
        public var digest: String
    }

    /// Streams and entries per stream that one call folds: a bounded transaction, so that a lagging fold holds nobody up.
    public static let streamsPerFold: Int32 = 20
    public static let entriesPerFold: Int32 = 500

    private let connection: PostgresConnection

    public init(_ connection: PostgresConnection) { self.connection = connection }

    /// Folds once; returns how many entries. 0: the roll-ups stand at the heads.
    public func fold() async throws(PostgresError) -> Int64 {
        try await connection.run { session throws(PostgresError) in
            try session.queryOne(Query.rollupFold, [.int4(Projections.streamsPerFold), .int4(Projections.entriesPerFold)]) { row throws(PostgresError) in
                try row.value("folded")
            }
        }
    }

    /// Drops and makes again all that the log still holds the entries of; sealed windows stay. Returns how many entries were folded.
    public func rebuild() async throws(PostgresError) -> Int64 {
        try await connection.run { session throws(PostgresError) in
            try session.queryOne(Query.projectionRebuild) { row throws(PostgresError) in try row.value("folded") }
        }
    }

    public func digests() async throws(PostgresError) -> [Digest] {
        try await connection.run { session throws(PostgresError) in
            try session.query(Query.projectionDigests) { row throws(PostgresError) in
                Digest(projection: try row.value("projection"), rows: try row.value("row_count"), digest: try row.value("digest"))
            }
        }
    }
}
