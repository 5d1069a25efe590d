import Clocks
import Cryptography
public import Events
import Quantities
public import Shipper
public import Spool
import Synchronization

/// The SQLite spool behind what a shipper needs of one.
public final class SpoolAdapter: SpoolStore {
    /// One batch to the log at most; the log itself takes no more.
    static let entriesPerRead = AppendRequest.maximumEntries
    static let bytesPerRead = AppendRequest.maximumBytes

    /// Replaced by `renew`. One task calls at a time (the shipper's), so nobody meets a closed one.
    private let current: Mutex<SQLiteSpool>

    public init(_ spool: SQLiteSpool) { current = Mutex(spool) }

    private var spool: SQLiteSpool { current.withLock { $0 } }

    /// Opens the spool at `path`; one that is damaged beyond use is set aside first, and a new one begun.
    /// - Returns: beside it where the damaged one lies now, if there was one.
    public static func open(
        path: String, fresh: StreamName, limits: SpoolLimits = SpoolLimits()
    ) async throws -> (spool: SQLiteSpool, setAside: String?) {
        let directory = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        guard isDirectory(directory) else {
            throw AssemblyError("the spool \(path) cannot be made: there is no directory \(directory); make it, on a disk that survives this process's Pod or host")
        }
        do {
            return (try await SQLiteSpool.open(path: path, fresh: fresh, hash: .libcrypto, limits: limits), nil)
        } catch {
            guard error.code == .corrupt else { throw error }
        }
        let aside = try SQLiteSpool.setAside(path: path)
        return (try await SQLiteSpool.open(path: path, fresh: fresh, hash: .libcrypto, limits: limits), aside)
    }

    public func append(_ batch: Shipper.SpoolBatch) async throws -> ClosedRange<Int64>? {
        let entries = batch.entries.map { SpooledEntry(sequence: $0.sequence, digest: $0.digest, entry: $0.entry) }
        do {
            let dropped = try await spool.append(entries, and: batch.keyValues, declaring: batch.mentioned.map { [SpoolLoss($0)] } ?? [])
            return dropped.map { $0.first...$0.last }
        } catch {
            guard error.code == .corrupt else { throw error }
            throw SpoolBeyondUse("\(error)")
        }
    }

    public func read(after sequence: Int64) async throws -> SpoolReading {
        SpoolReading(
            try await spool.entries(after: sequence, limit: SpoolAdapter.entriesPerRead, maximumBytes: SpoolAdapter.bytesPerRead))
    }

    public func acknowledge(upTo sequence: Int64) async throws {
        try await spool.acknowledge(upTo: sequence, at: SystemClocks.wall())
    }

    public func rememberEpoch(_ epoch: Int64) async throws { try await spool.remember(epoch: epoch) }

    public func renew() async throws -> (resumption: ShipperResumption, keptAs: String) {
        let old = spool
        let contents = try? await old.contents()  // a damaged one tells nothing, and its epochs belong to its stream
        var generator = SecureRandomNumberGenerator()
        let fresh = StreamName(cluster: old.cluster, spool: newSpoolID(using: &generator))
        try await old.close()
        let aside = try SQLiteSpool.setAside(path: old.path)
        let new = try await SQLiteSpool.open(path: old.path, fresh: fresh, hash: .libcrypto, limits: old.limits)
        current.withLock { $0 = new }
        try await new.remember(term: contents?.highestTermSeen ?? 0)
        return (ShipperResumption(try await new.contents(), chain: HashChain(.libcrypto)), aside.flatMap { $0.split(separator: "/").last }.map(String.init) ?? "nothing")
    }
}

extension ShipperResumption {
    /// What a spool held, as a shipper goes on from it.
    public init(_ contents: SpoolContents, chain: HashChain) {
        self.init(
            stream: contents.stream, head: contents.head ?? StreamHead(sequence: 0, digest: chain.genesis(of: contents.stream)),
            acknowledged: contents.acknowledged, highestEpochSeen: contents.highestEpochSeen, keyValues: contents.values)
    }
}

extension SpoolReading {
    init(_ batch: Spool.SpoolBatch) {
        self.init(
            previousDigest: batch.previousDigest, entries: batch.entries.map(\.entry), digests: batch.entries.map(\.digest),
            hole: batch.missing.map {
                Hole(last: $0.last, digestBefore: $0.digestBefore, digestAfter: $0.digestAfter, cause: $0.cause.rawValue)
            })
    }
}

extension SpoolLoss {
    /// The part of the spool's book that a mention on the log settles; a cause of the log's own (`refused`) is in no such book.
    init(_ lost: LostRange) {
        self.init(
            first: lost.first, last: lost.last, digestBefore: lost.digestBefore, digestAfter: lost.digestAfter,
            cause: Cause(rawValue: lost.cause) ?? .forgotten)
    }
}
