public import Events
public import PostgreSQL
public import Quantities
import Schema

/// Checkpoints on the log: making the next one, and holding those that there are against what the log holds now.
public struct CheckpointLog: Sendable {
    static let pageSize: Int32 = 200

    private let connection: PostgresConnection
    private let hash: HashFunction

    public init(_ connection: PostgresConnection, hash: HashFunction) {
        self.connection = connection
        self.hash = hash
    }

    /// Appends a checkpoint of all heads; nil where this term may write no more.
    /// - Parameters:
    ///   - term: the coordinator's lease term: the epoch of the stream, so that a zombie's checkpoint is fenced.
    ///   - key: the name of the signing key. `sign` makes the 64 bytes from the message.
    public func make(term: Int64, key: String, at: WallTime, sign: ([UInt8]) -> [UInt8]) async throws -> Checkpoint? {
        let log = PostgresLog(connection)
        guard case .opened(let claim, _, _) = try await log.answer(.open(OpenRequest(stream: .checkpoint, highestEpochSeen: 0, term: term))) else { return nil }
        let last = try await connection.run { session throws(PostgresError) in
            try session.query(Query.checkpointLast) { row throws(PostgresError) in try row.value("body", as: String.self) }.first
        }.flatMap(Checkpoint.init(text:))
        let heads = try await LogReader(connection).heads().map { Checkpoint.Head(stream: $0.stream, head: $0.head) }
        var checkpoint = Checkpoint(
            number: (last?.number ?? 0) + 1, previous: last.map { hash.digest($0.message) } ?? .zero, at: at, key: key, heads: heads, hash: hash)
        checkpoint.signature = sign(checkpoint.message)
        let entry = LogEntry(EventEnvelope(kind: Checkpoint.kind, version: Checkpoint.version, at: at, body: checkpoint.text))
        let answer = try await log.answer(
            .append(
                AppendRequest(
                    stream: .checkpoint, epoch: claim.epoch, nonce: claim.nonce, firstSequence: claim.head.sequence + 1,
                    previousDigest: claim.head.digest, entries: [entry])))
        guard case .stored = answer else { return nil }
        return checkpoint
    }

    /// The bodies of all checkpoints on the log, in order.
    public func bodies() async throws(PostgresError) -> [String] {
        var bodies: [String] = []
        var after: Int64 = 0
        while true {
            let from = after
            let page = try await connection.run { session throws(PostgresError) in
                try session.query(Query.checkpointList, [.int8(from), .int4(CheckpointLog.pageSize)]) { row throws(PostgresError) in
                    (try row.value("seq", as: Int64.self), try row.value("body", as: String.self))
                }
            }
            bodies += page.map(\.1)
            guard let last = page.last, page.count == Int(CheckpointLog.pageSize) else { return bodies }
            after = last.0
        }
    }

    /// The heads that the log no longer holds as the checkpoint says: another digest, or nothing. What was dropped with its day cannot
    /// be looked at and does not count.
    public func differences(_ checkpoint: Checkpoint) async throws(PostgresError) -> [Checkpoint.Head] {
        let parameters: [PostgresParameter] = [
            .textArray(checkpoint.heads.map(\.stream.text)), .int8Array(checkpoint.heads.map(\.head.sequence)),
        ]
        let found = try await connection.run { session throws(PostgresError) in
            try session.query(Query.checkpointDigests, parameters) { row throws(PostgresError) in
                (place: Int(try row.value("place", as: Int64.self)) - 1, hash: try row.value("hash", as: [UInt8]?.self), isSealed: try row.value("is_sealed", as: Bool.self))
            }
        }
        var good = Set<Int>()
        for row in found where checkpoint.heads.indices.contains(row.place) {
            if let hash = row.hash, Digest(bytes: hash) == checkpoint.heads[row.place].head.digest { good.insert(row.place) }
            if row.hash == nil && row.isSealed { good.insert(row.place) }
        }
        return checkpoint.heads.indices.filter { !good.contains($0) }.map { checkpoint.heads[$0] }
    }
}
