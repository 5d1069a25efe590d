public import Events
public import PostgreSQL
public import Quantities
import Schema
internal import Synchronization

/// Reads every stream from its cursor on: polls the heads, then fetches what follows.
///
/// Each stream comes ordered, complete and once: a head that is visible means that all before it is. No order holds between
/// streams. The day on which the last read entry was received bounds the partitions that are asked; the reader remembers it, and a
/// cursor it does not know is looked for in all of them.
public final class LogReader: Sendable {
    /// What a poll brought.
    public struct Batch: Sendable {
        /// In order per stream.
        public var records: [LogRecord]
        /// Nothing more stood behind these at that moment.
        public var isComplete: Bool
        /// Entries that this binary cannot read (a later version's): told of, never silent. Whoever reads on goes past them.
        public var unreadable: [LogPosition]
        /// Heads of streams of which nothing more is stored up to there: their days were dropped, or what ends them is declared lost.
        /// Whoever reads on goes past them, or a site that was closed down would be waited for ever.
        public var dropped: [LogPosition] = []
        /// Streams whose head lies before the cursor: the database was restored to an older state.
        public var movedBack: [StreamName]
    }

    /// The most entries per stream and in all that one call returns.
    public static let maximumPerStream: Int32 = 500
    /// Five thousand entries of a cluster's stream have at most 640 MiB, and as a rule five.
    public static let maximumRecords: Int32 = 5_000

    private struct Place: Sendable {
        var sequence: Int64
        var day: Int32
    }
    private struct Head: Sendable {
        var identifier: Int64
        var stream: StreamName
        var sequence: Int64
    }

    private let connection: PostgresConnection
    private let places = Mutex<[StreamName: Place]>([:])

    public init(_ connection: PostgresConnection) { self.connection = connection }

    /// What follows the cursors in every stream; a stream that is not named is read from its beginning.
    public func batch(after cursors: [StreamName: Int64]) async throws(PostgresError) -> Batch {
        let known = places.withLock { $0 }
        let (batch, days) = try await connection.run { session throws(PostgresError) in
            try Self.read(after: cursors, known: known, session)
        }
        places.withLock { places in for (stream, place) in days { places[stream] = place } }
        return batch
    }

    /// Reads all that follows the cursors until the log's end is reached, page by page; what this binary cannot read is passed over.
    public func readAll(after cursors: [StreamName: Int64] = [:], _ receive: (LogRecord) -> Void) async throws(PostgresError) {
        var cursors = cursors
        while true {
            let batch = try await batch(after: cursors)
            for position in batch.records.map(\.position) + batch.unreadable + batch.dropped {
                cursors[position.stream] = max(position.sequence, cursors[position.stream, default: 0])
            }
            batch.records.forEach(receive)
            if batch.isComplete { return }
        }
    }

    /// One stream's stored entries after a place with their digests, in order, at most `limit`: for copies that prove the chain.
    public func stored(of stream: StreamName, after sequence: Int64, limit: Int) async throws(PostgresError)
        -> [(sequence: Int64, entry: LogEntry, digest: Digest)]
    {
        try await connection.run { session throws(PostgresError) in
            let parameters: [PostgresParameter] = [.text(stream.text), .int8(sequence), .int4(Int32(clamping: limit))]
            return try session.query(Query.logCopy, parameters) { row throws(PostgresError) in try ChainWalk.Row(row) }
        }.map { ($0.sequence, $0.entry, $0.digest) }
    }

    /// The end of every stream.
    public func heads() async throws(PostgresError) -> [(stream: StreamName, head: StreamHead)] {
        try await connection.run { session throws(PostgresError) in
            try session.query(Query.logHeads) { row throws(PostgresError) in
                (StreamName(try row.value("name")), StreamHead(sequence: try row.value("seq"), digest: try row.digest("hash")))
            }
        }
    }

    private static func read(
        after cursors: [StreamName: Int64], known: [StreamName: Place], _ session: PostgresSession
    ) throws(PostgresError) -> (Batch, [StreamName: Place]) {
        let heads = try session.query(Query.logHeads) { row throws(PostgresError) in
            Head(identifier: try row.value("stream_id"), stream: StreamName(try row.value("name")), sequence: try row.value("seq"))
        }
        let movedBack = heads.filter { $0.sequence < cursors[$0.stream] ?? 0 }.map(\.stream)
        let behind = heads.filter { $0.sequence > cursors[$0.stream] ?? 0 }
        var batch = Batch(records: [], isComplete: true, unreadable: [], movedBack: movedBack)
        guard !behind.isEmpty else { return (batch, [:]) }
        let names = Dictionary(uniqueKeysWithValues: behind.map { ($0.identifier, $0.stream) })
        let parameters: [PostgresParameter] = [
            .int8Array(behind.map(\.identifier)), .int8Array(behind.map { cursors[$0.stream] ?? 0 }),
            .int4Array(behind.map { head in known[head.stream].flatMap { $0.sequence == cursors[head.stream] ? $0.day : nil } ?? 0 }),
            .int4(maximumPerStream), .int4(maximumRecords),
        ]
        let entries = try session.query(Query.logRead, parameters) { row throws(PostgresError) in try StoredEntry(row) }
        var places: [StreamName: Place] = [:]
        for entry in entries {
            guard let stream = names[entry.streamIdentifier] else { continue }
            let position = LogPosition(stream: stream, sequence: entry.sequence)
            do {
                batch.records.append(LogRecord(position: position, entry: try entry.entry.decoded(), receivedAt: entry.receivedAt))
            } catch {
                batch.unreadable.append(position)
            }
            places[stream] = Place(sequence: entry.sequence, day: entry.receivedDay)
        }
        let short = behind.filter { (places[$0.stream]?.sequence ?? 0) < $0.sequence }
        guard !short.isEmpty else { return (batch, places) }
        // A page that no bound cut holds all that is stored; the heads were read before it.
        let counts = Dictionary(entries.map { ($0.streamIdentifier, 1) }, uniquingKeysWith: +)
        batch.isComplete = entries.count < maximumRecords && short.allSatisfy { counts[$0.identifier, default: 0] < maximumPerStream }
        if batch.isComplete { batch.dropped = short.map { LogPosition(stream: $0.stream, sequence: $0.sequence) } }
        return (batch, places)
    }
}

/// A row of `log_read`.
struct StoredEntry {
    var streamIdentifier: Int64
    var sequence: Int64
    var entry: LogEntry
    var receivedAt: WallTime
    var receivedDay: Int32

    init(_ row: borrowing PostgresRow) throws(PostgresError) {
        streamIdentifier = try row.value("stream_id")
        sequence = try row.value("seq")
        let bytes: [UInt8] = try row.value("bytes")
        entry = try row.value("is_tick") ? .tick(recordBytes: bytes) : .event(recordBytes: bytes)
        receivedAt = WallTime(microseconds: try row.value("received_us"))
        receivedDay = try row.value("received_day")
    }
}
