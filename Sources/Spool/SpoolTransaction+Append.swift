import Events
import FoundationEssentials
import GRDB
import Quantities
import Schema

extension SpoolTransaction {
    /// Entries that continue the chain, at the head.
    mutating func append(_ entries: [SpooledEntry]) throws -> SpoolLoss? {
        try requireContinuity(entries)
        let size = entries.reduce(0) { $0 + Int64($1.entry.recordBytes.count + SpoolLimits.entryOverhead) }
        guard size <= limits.maximumBytes else {
            throw SpoolError(.full, context: "a batch of \(size) bytes is larger than the spool's bound of \(limits.maximumBytes)")
        }
        let loss = try makeRoom(for: size)
        for entry in entries {
            try execute(
                SpoolStatement.insertEntry,
                [entry.sequence, Int64(entry.entry.kindByte), entry.digest.blob, Data(entry.entry.recordBytes)])
        }
        if let last = entries.last { header.head = StreamHead(sequence: last.sequence, digest: last.digest) }
        header.entryCount += Int64(entries.count)
        header.byteCount += size
        return loss
    }

    mutating func retract(to sequence: Int64) throws {
        guard (max(header.acknowledged, header.tail.sequence)...header.head.sequence).contains(sequence), let digest = try digest(at: sequence) else {
            throw SpoolError(.discontinuous, context: "\(header.stream) cannot be taken back to \(sequence)")
        }
        let gone = try rows(SpoolStatement.selectEntrySizes, [sequence + 1, header.head.sequence, Int64.max])
        header.entryCount -= Int64(gone.count)
        header.byteCount -= gone.reduce(0) { $0 + ($1["byte_count"] as Int64) + Int64(SpoolLimits.entryOverhead) }
        header.head = StreamHead(sequence: sequence, digest: digest)
        try execute(SpoolStatement.deleteEntriesAfter, [sequence])
        try execute(SpoolStatement.deleteLosses, [sequence + 1, Int64.max])
    }

    mutating func restart(at head: StreamHead) throws {
        try execute(SpoolStatement.deleteEntriesAfter, [0])
        try execute(SpoolStatement.deleteLosses, [0, Int64.max])
        try execute(SpoolStatement.forgetAcknowledgements, [Int64.max])
        (header.head, header.tail, header.acknowledged) = (head, head, head.sequence)
        (header.entryCount, header.byteCount) = (0, 0)
    }

    private func requireContinuity(_ entries: [SpooledEntry]) throws {
        var head = header.head
        for entry in entries {
            guard entry.sequence == head.sequence + 1 else {
                throw SpoolError(.discontinuous, context: "\(header.stream) ends at \(head.sequence), and \(entry.sequence) was to follow")
            }
            guard chain.digest(after: head.digest, sequence: entry.sequence, entry: entry.entry) == entry.digest else {
                throw SpoolError(.discontinuous, context: "the digest of \(header.stream)/\(entry.sequence) does not follow from the one before")
            }
            head = StreamHead(sequence: entry.sequence, digest: entry.digest)
        }
    }

    /// Forgets acknowledged entries, oldest first, then drops unsent ones, until `size` bytes fit below the bound. Unsent ones go
    /// in steps of 1/64 of the bound, so that a full spool tells one loss per step and not one per tick.
    private mutating func makeRoom(for size: Int64) throws -> SpoolLoss? {
        var excess = header.byteCount + size - Int64(limits.maximumBytes)
        guard excess > 0 else { return nil }
        let acknowledged = max(header.acknowledged, header.tail.sequence)
        excess -= try forget(through: acknowledged, atLeast: excess)
        guard excess > 0 else { return nil }

        let before = header.tail
        _ = try forget(through: header.head.sequence, atLeast: max(excess, Int64(limits.maximumBytes / 64)))
        let loss = SpoolLoss(
            first: before.sequence + 1, last: header.tail.sequence, digestBefore: before.digest, digestAfter: header.tail.digest,
            cause: .full)
        // What was lost inside the range before is lost with it now.
        try execute(SpoolStatement.deleteLosses, [loss.first, loss.last])
        try record(loss)
        return loss
    }

    /// Removes the oldest entries up to `last`, at most as many as free `bytes`. Returns the bytes freed. The tail moves along.
    mutating func forget(through last: Int64, atLeast bytes: Int64 = .max, entries limit: Int = .max) throws -> Int64 {
        guard last > header.tail.sequence else { return 0 }
        var freed: Int64 = 0
        var count: Int64 = 0
        var tail = header.tail
        let statement = try database.cachedStatement(sql: SpoolStatement.selectEntrySizes.text)
        let sizes = try Row.fetchCursor(statement, arguments: [tail.sequence + 1, last, limit])
        while freed < bytes, let row = try sizes.next() {
            guard let digest = Digest(row["digest"]) else { throw SpoolError(.corrupt, context: "a digest is no digest") }
            freed += row["byte_count"] as Int64 + Int64(SpoolLimits.entryOverhead)
            count += 1
            tail = StreamHead(sequence: row["sequence"], digest: digest)
        }
        header.tail = tail
        header.entryCount -= count
        header.byteCount -= freed
        try execute(SpoolStatement.deleteEntries, [tail.sequence])
        try execute(SpoolStatement.forgetAcknowledgements, [tail.sequence])
        return freed
    }

    /// The log holds all up to here, by its own word. It may go back: a restored log holds less than it once acknowledged.
    mutating func acknowledge(upTo sequence: Int64, at wall: WallTime) throws {
        guard (0...header.head.sequence).contains(sequence) else {
            throw SpoolError(.discontinuous, context: "\(header.stream) ends at \(header.head.sequence), and \(sequence) was to be acknowledged")
        }
        if sequence < header.acknowledged { try execute(SpoolStatement.retractAcknowledgements, [sequence]) }
        header.acknowledged = sequence
        // What the log holds, or has closed, is no loss to tell of.
        try execute(SpoolStatement.deleteLosses, [0, sequence])
        guard sequence > header.tail.sequence else { return }
        try execute(SpoolStatement.acknowledge, [wall.minute, sequence])
    }

    /// Forgets what was acknowledged before a time, oldest first, at most `limits.pruneEntries`. Returns how many went.
    mutating func prune(acknowledgedBefore wall: WallTime) throws -> Int {
        guard let row = try rows(SpoolStatement.acknowledgedBefore, [wall.minute]).first, let upTo = row["up_to"] as Int64? else { return 0 }
        let before = header.entryCount
        _ = try forget(through: min(upTo, header.acknowledged), entries: limits.pruneEntries)
        return Int(before - header.entryCount)
    }
}

extension WallTime {
    /// Whole minutes since 1970.
    fileprivate var minute: Int64 { microseconds / 60_000_000 }
}
