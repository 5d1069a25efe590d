public import Events
public import PostgreSQL
public import Quantities
import Schema

/// Recomputes the hash chain of every stream from the stored columns, and holds numbers and heads against it.
///
/// The digest is computed here, over the canonical bytes, and never by a function of the database. A row that was edited is found
/// at its own number, because each row is judged from the digest stored before it. (A whole chain rewritten to its head is found
/// only with a checkpoint kept elsewhere.)
public struct LogVerifier: Sendable {
    public enum Finding: Equatable, Sendable {
        /// Nothing stands at these numbers, and the head lies beyond them.
        case missing(ClosedRange<Int64>)
        /// More than one row stands at this number.
        case duplicate(Int64)
        /// The row's digest is not the one of its content after the digest before it.
        case altered(Int64)
        /// The head says another number or digest than the last row.
        case headDiffers(stored: StreamHead, found: StreamHead)
        /// A record closes this range as lost, and no entry after it, which the chain would prove, says so: a writer that lost entries
        /// tells it there within seconds. Rows taken out by hand look so.
        case unmentionedLoss(ClosedRange<Int64>)
        /// The row is of a form that this binary cannot read.
        case unreadable(Int64)
    }

    public struct StreamReport: Equatable, Sendable {
        public var stream: StreamName
        public var entries: Int64
        /// Sequence numbers that stand in ranges declared lost.
        public var lost: Int64
        /// The first `maximumFindings`, in order.
        public var findings: [Finding]
        /// Whether there was more to find.
        public var isCutShort: Bool

        public var gaps: Int64 {
            findings.reduce(0) { if case .missing(let range) = $1 { $0 + Int64(range.count) } else { $0 } }
        }
        public var duplicates: Int { findings.count { if case .duplicate = $0 { true } else { false } } }
    }

    public static let maximumFindings = 1_000
    static let pageSize: Int32 = 2_000

    private let connection: PostgresConnection
    private let chain: HashChain

    public init(_ connection: PostgresConnection, hash: HashFunction) {
        self.connection = connection
        self.chain = HashChain(hash)
    }

    /// Verifies every stream (or those named) up to the head it had when its turn came. The log goes on meanwhile.
    ///
    /// A stream begins at its genesis, or behind its newest sealed day.
    /// - Parameter since: `YYYY-MM-DD`: only what was received on that day or later; the digest before it is taken as it is stored.
    public func verify(only streams: Set<StreamName>? = nil, since: String? = nil) async throws(PostgresError) -> [StreamReport] {
        let starts = try await connection.run { session throws(PostgresError) in
            try session.query(Query.logStarts, [.text(since)]) { row throws(PostgresError) in
                (try row.value("stream_id", as: Int64.self), StreamHead(sequence: try row.value("seq"), digest: try row.digest("hash")))
            }
        }
        let start = Dictionary(uniqueKeysWithValues: starts)
        let heads = try await connection.run { session throws(PostgresError) in
            try session.query(Query.logHeads) { row throws(PostgresError) in
                StoredHead(
                    identifier: try row.value("stream_id"), stream: StreamName(try row.value("name")),
                    head: StreamHead(sequence: try row.value("seq"), digest: try row.digest("hash")))
            }
        }
        var reports: [StreamReport] = []
        for head in heads.sorted(by: { $0.stream < $1.stream }) where streams?.contains(head.stream) ?? true {
            reports.append(try await verify(head, from: start[head.identifier]))
        }
        return reports
    }

    private struct StoredHead: Sendable {
        var identifier: Int64
        var stream: StreamName
        var head: StreamHead
    }

    private func verify(_ stored: StoredHead, from start: StreamHead?) async throws(PostgresError) -> StreamReport {
        let start = start ?? StreamHead(sequence: 0, digest: chain.genesis(of: stored.stream))
        var walk = ChainWalk(chain: chain, start: start)
        var next = start.sequence
        while next < stored.head.sequence {
            let after = next
            let rows = try await connection.run { session throws(PostgresError) in
                let parameters: [PostgresParameter] = [.int8(stored.identifier), .int8(after), .int4(LogVerifier.pageSize)]
                return try session.query(Query.logScan, parameters) { row throws(PostgresError) in try ChainWalk.Row(row) }
            }
            // The next page starts behind the last number, so both rows of a doubled one must stand on this page.
            let isLast = rows.count < Int(LogVerifier.pageSize)
            let whole = isLast ? rows[...] : rows.prefix { $0.sequence != rows.last?.sequence }
            guard let last = whole.last else { break }
            for row in whole where row.sequence <= stored.head.sequence { walk.take(row) }
            next = last.sequence
            if isLast { break }
        }
        return walk.finish(stored.stream, stored.head)
    }
}
