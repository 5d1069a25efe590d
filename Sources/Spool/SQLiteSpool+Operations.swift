public import Events
public import Quantities

/// What a writer does with its spool. Each call is one transaction, flushed when it returns.
extension SQLiteSpool {
    /// What stands in the spool.
    public func contents() async throws(SpoolError) -> SpoolContents {
        try await transaction("reading the contents") { transaction in
            let values = try transaction.values()
            let undeclared = try transaction.losses()
            let header = transaction.header
            return SpoolContents(
                stream: header.stream, head: header.head.sequence == 0 ? nil : header.head, acknowledged: header.acknowledged,
                highestEpochSeen: header.highestEpoch, highestTermSeen: header.highestTerm, entryCount: Int(header.entryCount),
                byteCount: Int(header.byteCount), damagedCount: Int(header.damagedCount), values: values, undeclared: undeclared)
        }
    }

    /// Spools entries at the head, together with values that belong to them. When it returns, all of it is on disk.
    ///
    /// - Parameters:
    ///   - entries: in order, continuing sequence and chain; else `discontinuous`, and nothing is written. May be empty.
    ///   - values: small states to keep in the same transaction; nil removes one.
    ///   - declared: losses that one of these entries declares; they are forgotten as undeclared in the same transaction.
    /// - Returns: what was dropped to make room, if unsent entries had to be: the caller tells the log.
    @discardableResult
    public func append(
        _ entries: [SpooledEntry], and values: [String: [UInt8]?] = [:], declaring declared: [SpoolLoss] = []
    ) async throws(SpoolError) -> SpoolLoss? {
        try await transaction("appending") { transaction in
            for loss in declared { try transaction.declare(loss) }
            for (key, content) in values.sorted(by: { $0.key < $1.key }) { try transaction.put(key, content) }
            return try transaction.append(entries)
        }
    }

    /// The run of entries right after `sequence`, without a hole; or the hole. Damaged records are found here, by the chain.
    /// At least one entry is given where there is one, however large.
    public func entries(after sequence: Int64, limit: Int, maximumBytes: Int) async throws(SpoolError) -> SpoolBatch {
        precondition(sequence >= 0 && limit > 0, "entries are asked for after a place, and at least one")
        return try await transaction("reading entries") { transaction in
            try transaction.batch(after: sequence, limit: limit, maximumBytes: maximumBytes)
        }
    }

    /// The digest of the chain after an entry; the genesis for 0; nil where the spool no longer knows or never came there.
    public func digest(at sequence: Int64) async throws(SpoolError) -> Digest? {
        try await transaction("reading a digest") { try $0.digest(at: sequence) }
    }

    /// The log holds all up to here. The log's word counts, also where it is less than before (a restore): then the entries
    /// after it count as unsent again. `wall` only decides how long they are kept: what was acknowledged longer than
    /// `limits.grace` ago is forgotten in the same transaction.
    public func acknowledge(upTo sequence: Int64, at wall: WallTime) async throws(SpoolError) {
        try await transaction("acknowledging") { transaction in
            try transaction.acknowledge(upTo: sequence, at: wall)
            _ = try transaction.prune(acknowledgedBefore: WallTime(microseconds: wall.microseconds - transaction.limits.grace.count / 1_000))
        }
    }

    /// Forgets entries acknowledged before a time, earlier than their grace ends, at most `limits.pruneEntries` in one call:
    /// to give room back. Returns how many went.
    @discardableResult
    public func prune(acknowledgedBefore wall: WallTime) async throws(SpoolError) -> Int {
        try await transaction("pruning") { try $0.prune(acknowledgedBefore: wall) }
    }

    /// Remembers the highest epoch and term ever seen. Neither ever falls.
    public func remember(epoch: Int64 = 0, term: Int64 = 0) async throws(SpoolError) {
        try await transaction("remembering an epoch") { transaction in
            transaction.header.highestEpoch = max(transaction.header.highestEpoch, epoch)
            transaction.header.highestTerm = max(transaction.header.highestTerm, term)
        }
    }

    /// Keeps a small state; nil removes it.
    public func put(_ key: String, _ content: [UInt8]?) async throws(SpoolError) {
        try await transaction("keeping a value") { try $0.put(key, content) }
    }

    /// A state kept before; nil where there is none, or where it was found damaged.
    public func get(_ key: String) async throws(SpoolError) -> [UInt8]? {
        try await transaction("reading a value") { try $0.value(key) }
    }

    /// Takes back what was spooled after a place and never acknowledged: entries of a central part that did not reach the log under
    /// its term, so that they never happened. A shipper's entries did happen: it never calls this.
    public func retract(to sequence: Int64) async throws(SpoolError) {
        try await transaction("retracting") { try $0.retract(to: sequence) }
    }

    /// Forgets all entries and goes on from another place of the stream, where somebody else has written meanwhile.
    public func restart(at head: StreamHead) async throws(SpoolError) {
        try await transaction("restarting") { try $0.restart(at: head) }
    }
}
