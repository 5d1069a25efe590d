import Clocks
public import Events
public import Shipper
public import Spool

/// The SQLite spool behind what a shipper needs of one.
public struct SpoolAdapter: SpoolStore {
    /// One batch to the log at most; the log itself takes no more.
    static let entriesPerRead = AppendRequest.maximumEntries
    static let bytesPerRead = AppendRequest.maximumBytes

    private let spool: SQLiteSpool

    public init(_ spool: SQLiteSpool) { self.spool = spool }

    public func append(_ batch: Shipper.SpoolBatch) async throws {
        let entries = batch.entries.map { SpooledEntry(sequence: $0.sequence, digest: $0.digest, entry: $0.entry) }
        try await spool.append(entries, and: batch.keyValues)
    }

    public func read(after sequence: Int64) async throws -> (entries: [LogEntry], first: Int64) {
        let batch = try await spool.entries(
            after: sequence, limit: SpoolAdapter.entriesPerRead, maximumBytes: SpoolAdapter.bytesPerRead)
        return (batch.entries.map(\.entry), batch.entries.first?.sequence ?? sequence + 1)
    }

    public func acknowledge(upTo sequence: Int64) async throws {
        try await spool.acknowledge(upTo: sequence, at: SystemClocks.wall())
    }

    public func rememberEpoch(_ epoch: Int64) async throws { try await spool.remember(epoch: epoch) }
}

extension ShipperResumption {
    /// What a spool held, as a shipper goes on from it.
    public init(_ contents: SpoolContents, chain: HashChain) {
        self.init(
            stream: contents.stream, head: contents.head ?? StreamHead(sequence: 0, digest: chain.genesis(of: contents.stream)),
            acknowledged: contents.acknowledged, highestEpochSeen: contents.highestEpochSeen, keyValues: contents.values)
    }
}
