import Dispatch
public import Events
import GRDB
public import Quantities
import Schema

/// What one producer has not yet got acknowledged by the log, on disk: when `append` returns, the entries have been flushed and
/// outlive kill -9 and a power cut. One SQLite file, one process, one stream.
///
/// All work runs on the serial queue of the one connection; callers suspend and never block the cooperative pool. A call that
/// was begun is finished even where its task is cancelled, because half an answer about durability is none.
public final class SQLiteSpool: Sendable {
    public let path: String
    /// The cluster whose spool this is; the name of the central part otherwise.
    public let cluster: ClusterID
    public let limits: SpoolLimits
    let chain: HashChain
    let hash: HashFunction
    private let connection: DatabaseQueue

    /// How long opening waits for a dying predecessor to let go of the file. Unit: seconds.
    static let lockPatience = 2.0

    /// Opens the spool at `path`, or makes it.
    ///
    /// An existing spool keeps the name it was made with (`contents().stream`); it must be one of the same cluster as `fresh`.
    /// Reads the whole file once to prove its structure.
    /// - Parameters:
    ///   - fresh: the stream's name where the spool is new: the cluster and a `newSpoolID`, or a central part's name.
    ///   - hash: SHA-256, as the chain uses it.
    public static func open(
        path: String, fresh: StreamName, hash: HashFunction, limits: SpoolLimits = SpoolLimits()
    ) async throws(SpoolError) -> SQLiteSpool {
        let opened: Result<SQLiteSpool, SpoolError> = await withCheckedContinuation { continuation in
            // A thread of Dispatch's, not of the pool: opening may wait for the lock and reads the whole file.
            openingQueue.async {
                let result = Result { try SQLiteSpool(path: path, fresh: fresh, hash: hash, limits: limits) }
                continuation.resume(returning: result.mapError { SpoolError($0, doing: "opening \(path)", otherwise: .cannotOpen) })
            }
        }
        return try opened.get()
    }

    private init(path: String, fresh: StreamName, hash: HashFunction, limits: SpoolLimits) throws {
        self.path = path
        self.cluster = fresh.cluster ?? ClusterID(fresh.text)
        self.limits = limits
        self.hash = hash
        self.chain = HashChain(hash)
        var configuration = Configuration()
        configuration.label = "fairlead.spool"
        configuration.busyMode = .timeout(SQLiteSpool.lockPatience)
        // Not `configuration.journalMode = .wal`: that lowers synchronous to NORMAL behind our back.
        configuration.prepareDatabase { database in
            try database.execute(sql: SpoolStatement.prepare.text)
        }
        connection = try DatabaseQueue(path: path, configuration: configuration)
        let genesis = chain.genesis(of: fresh)
        try connection.writeWithoutTransaction { database in
            try SQLiteSpool.requireDurability(database, path)
            try database.inTransaction(.immediate) {
                try SQLiteSpool.settle(database, path: path, fresh: SpoolHeader(stream: fresh, genesis: genesis), hash, limits)
                return .commit
            }
        }
    }

    /// Forgets the connection. Every later call throws `cannotOpen`.
    public func close() async throws(SpoolError) {
        let closed: Result<Void, SpoolError> = await withCheckedContinuation { continuation in
            openingQueue.async { [connection, path] in
                let result = Result { try connection.close() }
                continuation.resume(returning: result.mapError { SpoolError($0, doing: "closing \(path)") })
            }
        }
        try closed.get()
    }

    /// Runs `work` in one transaction on the connection's own queue: all of it is on disk when this returns, or none.
    func transaction<Value: Sendable>(
        _ action: String, _ work: @escaping @Sendable (inout SpoolTransaction) throws -> Value
    ) async throws(SpoolError) -> Value {
        let result: Result<Value, SpoolError> = await withCheckedContinuation { continuation in
            connection.asyncWriteWithoutTransaction { [self] database in
                let result = Result { try run(work, on: database) }
                continuation.resume(returning: result.mapError { SpoolError($0, doing: "\(action), \(path)") })
            }
        }
        return try result.get()
    }

    private func run<Value>(_ work: (inout SpoolTransaction) throws -> Value, on database: Database) throws -> Value {
        var outcome: Value?
        try database.inTransaction(.immediate) {
            let header = try SpoolHeader.read(from: database, hash)
            var transaction = SpoolTransaction(database: database, chain: chain, hash: hash, limits: limits, header: header)
            outcome = try work(&transaction)
            if transaction.header != header { try transaction.header.write(to: database, hash) }
            return .commit
        }
        guard let outcome else { preconditionFailure("a committed transaction has an outcome") }
        return outcome
    }
}

private let openingQueue = DispatchQueue(label: "fairlead.spool.open")
