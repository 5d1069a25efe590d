import Events
import PostgreSQL
import Quantities

/// One walk along a stream's rows, in order of sequence.
struct ChainWalk {
    struct Row: Sendable {
        var sequence: Int64
        var entry: LogEntry
        var digest: Digest

        init(_ row: borrowing PostgresRow) throws(PostgresError) {
            sequence = try row.value("seq")
            let bytes: [UInt8] = try row.value("bytes")
            entry = try row.value("is_tick") ? .tick(recordBytes: bytes) : .event(recordBytes: bytes)
            digest = try row.digest("hash")
        }
    }

    private let chain: HashChain
    private var head: StreamHead
    /// The digest before the head's.
    private var before: Digest
    private var entries: Int64 = 0
    private var findings: [LogVerifier.Finding] = []
    private var isCutShort = false
    /// Ranges that a closing record spans, until their mention is met inside the chain.
    private var unmentioned: [LostRange] = []
    private var lost: Int64 = 0

    /// - Parameter start: what stands before the first row: the genesis, or the end of what was sealed.
    init(chain: HashChain, start: StreamHead) {
        self.chain = chain
        self.before = start.digest
        self.head = start
    }

    mutating func take(_ row: Row) {
        if row.sequence == head.sequence { return takeDouble(row) }
        let isSound = chain.digest(after: head.digest, sequence: row.sequence, entry: row.entry) == row.digest
        let decoded = try? row.entry.decoded()  // which field cannot be read does not matter here
        let fact = decoded.flatMap { lostRange(in: $0) }
        if let fact, closes(fact, row) {
            unmentioned.append(fact)
            lost += fact.count
        } else if row.sequence > head.sequence + 1 {
            note(.missing(head.sequence + 1...row.sequence - 1))
        } else if !isSound {
            note(.altered(row.sequence))
        } else if let fact {
            unmentioned.removeAll { $0 == fact }
        }
        if decoded == nil { note(.unreadable(row.sequence)) }
        entries += 1
        before = head.digest
        head = StreamHead(sequence: row.sequence, digest: row.digest)
    }

    private func lostRange(in entry: DecodedEntry) -> LostRange? {
        // Any other entry, and an event that cannot be read, is no such fact.
        guard case .event(let event) = entry, case .entriesLost(let lost)? = try? event.fact() else { return nil }
        return lost
    }

    /// Whether the row is the record that closes the hole right before it. Its own digest cannot be recomputed.
    private func closes(_ lost: LostRange, _ row: Row) -> Bool {
        lost.isClosed(at: row.sequence) && lost.first == head.sequence + 1 && lost.digestBefore == head.digest && lost.digestAfter == row.digest
    }

    /// A second row at one number. The one that fits the chain is the true one, and the walk goes on from it.
    private mutating func takeDouble(_ row: Row) {
        note(.duplicate(row.sequence))
        guard chain.digest(after: before, sequence: row.sequence, entry: row.entry) == row.digest else { return }
        findings.removeAll { $0 == .altered(row.sequence) }
        head.digest = row.digest
    }

    consuming func finish(_ stream: StreamName, _ stored: StreamHead) -> LogVerifier.StreamReport {
        if stored.sequence > head.sequence {
            note(.missing(head.sequence + 1...stored.sequence))
        } else if stored != head {
            note(.headDiffers(stored: stored, found: head))
        }
        for range in unmentioned { note(.unmentionedLoss(range.first...range.last)) }
        return LogVerifier.StreamReport(stream: stream, entries: entries, lost: lost, findings: findings, isCutShort: isCutShort)
    }

    private mutating func note(_ finding: LogVerifier.Finding) {
        if findings.count < LogVerifier.maximumFindings { findings.append(finding) } else { isCutShort = true }
    }
}
