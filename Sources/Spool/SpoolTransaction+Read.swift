import Events
import GRDB
import Quantities
import Schema

extension SpoolTransaction {
    /// The run of entries right after `sequence`, each proven by the chain as it is read.
    ///
    /// At most `limit` entries and `maximumBytes` of records, but at least one where there is one: an entry larger than the
    /// bound must not stand in the way for ever.
    mutating func batch(after sequence: Int64, limit: Int, maximumBytes: Int) throws -> SpoolBatch {
        guard sequence < header.head.sequence else {
            return SpoolBatch(previousDigest: try digest(at: sequence), entries: [])
        }
        guard sequence >= header.tail.sequence else { return try forgotten(after: sequence) }
        guard var previous = try digest(at: sequence) else {
            throw SpoolError(.corrupt, context: "\(header.stream)/\(sequence) should stand in the spool and does not")
        }
        var batch = SpoolBatch(previousDigest: previous, entries: [])
        var bytes = 0
        // Few rows at a time, so that the memory is bounded by the bytes asked for and not by their number.
        reading: while batch.entries.count < limit {
            let next = sequence + Int64(batch.entries.count) + 1
            let rows = try stored(from: next, limit: min(64, limit - batch.entries.count))
            guard let first = rows.first else { break }
            guard first.sequence == next else {
                throw SpoolError(.corrupt, context: "\(header.stream)/\(next) should stand in the spool and does not")
            }
            for row in rows {
                guard let proven = try prove(row, after: previous) else {
                    if batch.entries.isEmpty { batch.missing = try damaged(from: row.sequence, after: previous) }
                    break reading
                }
                bytes += proven.entry.recordBytes.count
                if bytes > maximumBytes && !batch.entries.isEmpty { break reading }
                batch.entries.append(proven)
                previous = proven.digest
            }
        }
        return batch
    }

    /// The digest of the chain at a place; nil where the spool has forgotten it or has not come there.
    mutating func digest(at sequence: Int64) throws -> Digest? {
        if sequence == header.head.sequence { return header.head.digest }
        if sequence == header.tail.sequence { return header.tail.digest }
        if sequence == 0 { return chain.genesis(of: header.stream) }
        guard sequence > header.tail.sequence, let row = try stored(at: sequence) else { return nil }
        let before = sequence - 1 == header.tail.sequence ? header.tail.digest : try stored(at: sequence - 1)?.digest
        guard let before else { return row.digest }
        // Proving may mend the digest.
        if let proven = try prove(row, after: before) { return proven.digest }
        return try stored(at: sequence)?.digest
    }

    /// The entry, if the chain proves it. Otherwise exactly one of record and digest is damaged, and the next link tells which:
    /// a damaged digest is mended, a damaged record is given up and counted.
    private mutating func prove(_ row: StoredEntry, after previous: Digest) throws -> SpooledEntry? {
        guard let entry = row.entry else {
            if row.recordBytes != nil { try giveUp(row, after: previous) }
            return nil
        }
        let computed = chain.digest(after: previous, sequence: row.sequence, entry: entry)
        if computed != row.digest {
            guard try confirms(computed, at: row.sequence) else {
                try giveUp(row, after: previous)
                return nil
            }
            try execute(SpoolStatement.mendDigest, [row.sequence, computed.blob])
        }
        return SpooledEntry(sequence: row.sequence, digest: computed, entry: entry)
    }

    /// Whether what follows a place in the chain agrees with this digest there.
    private func confirms(_ digest: Digest, at sequence: Int64) throws -> Bool {
        if sequence == header.head.sequence { return digest == header.head.digest }
        guard let next = try stored(at: sequence + 1), let entry = next.entry else { return false }
        return chain.digest(after: digest, sequence: next.sequence, entry: entry) == next.digest
    }

    private mutating func giveUp(_ row: StoredEntry, after previous: Digest) throws {
        // At the head the header knows the digest, under its own checksum.
        let digest = row.sequence == header.head.sequence ? header.head.digest : row.digest
        try execute(SpoolStatement.markDamaged, [row.sequence, digest.blob])
        header.damagedCount += 1
        header.byteCount -= Int64(row.recordBytes ?? 0)
        // What the log holds already is not lost.
        guard row.sequence > header.acknowledged else { return }
        try record(SpoolLoss(first: row.sequence, last: row.sequence, digestBefore: previous, digestAfter: digest, cause: .damaged))
    }

    /// How far a hole of damaged entries reaches.
    private mutating func damaged(from first: Int64, after previous: Digest) throws -> SpoolLoss {
        var loss: SpoolLoss?
        var before = previous
        for row in try stored(from: first, limit: SpoolTransaction.lossLimit) {
            guard try prove(row, after: before) == nil, let kept = try stored(at: row.sequence) else { break }
            loss = SpoolLoss(first: first, last: row.sequence, digestBefore: previous, digestAfter: kept.digest, cause: .damaged)
            before = kept.digest
        }
        guard let loss else { preconditionFailure("a hole holds at least one entry") }
        return loss
    }

    /// What lies before the tail: dropped because the spool was full, or acknowledged and pruned.
    private mutating func forgotten(after sequence: Int64) throws -> SpoolBatch {
        let dropped = try losses().first { ($0.first...$0.last).contains(sequence + 1) && $0.last == header.tail.sequence }
        let before = try dropped?.first == sequence + 1 ? dropped?.digestBefore : digest(at: sequence)
        let missing = SpoolLoss(
            first: sequence + 1, last: header.tail.sequence, digestBefore: before, digestAfter: header.tail.digest,
            cause: dropped?.cause ?? .forgotten)
        return SpoolBatch(previousDigest: before, entries: [], missing: missing)
    }
}
