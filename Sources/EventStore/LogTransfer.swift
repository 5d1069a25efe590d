import Events
import JSONDocument
public import PostgreSQL
public import Quantities
import Schema

/// The log as lines of JSON: out by COPY, in through the protocol, so that what comes in is verified on its way.
public struct LogTransfer: Sendable {
    /// A line that is no entry of an export, or one that the log refused.
    public struct Failure: Error, Equatable, Sendable, CustomStringConvertible {
        public var description: String
    }

    private let connection: PostgresConnection
    private let chain: HashChain

    public init(_ connection: PostgresConnection, hash: HashFunction) {
        self.connection = connection
        self.chain = HashChain(hash)
    }

    /// Hands out the log in pieces of whole lines.
    public func export(_ receive: @escaping @Sendable ([UInt8]) -> Void) async throws(PostgresError) {
        try await connection.run { session throws(PostgresError) in
            try session.copyOut(PostgresStatement(Query.logExport)) { piece throws(PostgresError) in receive(piece) }
        }
    }

    /// Appends the entries of `lines`, each stream's in order; what is on the log already is passed over, and an entry that differs from
    /// it is an error. What was declared lost is declared here too. The log stores its own time of receipt. Returns how many entries were read.
    public func `import`(_ lines: @Sendable () -> String?) async throws -> Int {
        let log = PostgresLog(connection)
        var batch: ImportBatch?
        var number = 0
        while let line = lines() {
            number += 1
            let entry = try ImportedEntry(line, number: number)
            if batch?.stream != entry.stream {
                if let batch { try await batch.send(to: log) }
                guard case .opened(let claim, _, _) = try await log.answer(.open(OpenRequest(stream: entry.stream, highestEpochSeen: 0))) else {
                    throw Failure(description: "line \(number): this role may not write the stream \(entry.stream)")
                }
                guard entry.firstSequence <= claim.head.sequence + 1 else {
                    throw Failure(description: "line \(number): \(entry.stream)/\(entry.sequence) does not follow what the log holds, which ends at \(claim.head.sequence)")
                }
                batch = try ImportBatch(claim, before: entry, chain: chain)
            }
            if let lost = entry.lost, let open = batch {
                try await open.send(to: log)
                batch = try await open.closing(lost, of: entry, log)
                continue
            }
            if batch?.isFull == true, let full = batch {
                try await full.send(to: log)
                batch = full.emptied
            }
            try batch?.add(entry)
        }
        if let batch { try await batch.send(to: log) }
        return number
    }
}

/// A line of an export.
private struct ImportedEntry {
    var number: Int
    var stream: StreamName
    var sequence: Int64
    var digest: Digest
    var entry: LogEntry
    /// What was lost and when that was declared, where this is the record that closes the hole; its digest is the writer's own.
    var lost: (range: LostRange, at: WallTime)?
    /// The first number that the line answers for.
    var firstSequence: Int64 { lost?.range.first ?? sequence }

    init(_ line: String, number: Int) throws(LogTransfer.Failure) {
        let json: JSONValue
        do { json = try JSONValue(parsing: line) } catch { throw LogTransfer.Failure(description: "line \(number) is no JSON: \(error)") }
        guard let stream = json["stream"]?.string, let sequence = json["seq"]?.integer, let kind = json["kind"]?.string?.utf8.first,
            let digest = json["hash"]?.string.flatMap(bytes(hexadecimal:)).flatMap({ Digest(bytes: $0) }),
            let body = json["bytes"]?.string.flatMap(bytes(hexadecimal:)), let entry = LogEntry(kindByte: kind, recordBytes: body)
        else { throw LogTransfer.Failure(description: "line \(number) is no entry of an exported log: stream, seq, kind, hash and bytes are due") }
        self.number = number
        self.stream = StreamName(stream)
        self.sequence = sequence
        self.digest = digest
        self.entry = entry
        // A body that this binary cannot read is a later version's, and no closing record.
        if case .event(let event)? = try? entry.decoded(), case .entriesLost(let lost)? = try? event.fact(), lost.isClosed(at: sequence), lost.digestAfter == digest {
            self.lost = (lost, event.at)
        }
    }
}

/// Entries of one stream on their way in, each held against the digest that its line gives.
private struct ImportBatch {
    private let claim: StreamClaim
    private let chain: HashChain
    let stream: StreamName
    private var first: StreamHead
    private var head: StreamHead
    private var entries: [LogEntry] = []
    private var bytes = 0

    init(_ claim: StreamClaim, before entry: ImportedEntry, chain: HashChain) throws(LogTransfer.Failure) {
        self.claim = claim
        self.chain = chain
        self.stream = entry.stream
        let genesis = StreamHead(sequence: 0, digest: chain.genesis(of: entry.stream))
        if entry.firstSequence == 1 {
            first = genesis
        } else if entry.firstSequence == claim.head.sequence + 1 {
            first = claim.head
        } else {
            throw LogTransfer.Failure(description: "line \(entry.number): \(entry.stream) begins at \(entry.sequence), and the log ends at \(claim.head.sequence)")
        }
        head = first
    }

    var isFull: Bool { entries.count >= AppendRequest.maximumEntries || bytes >= AppendRequest.maximumBytes / 2 }

    var emptied: ImportBatch {
        var next = self
        next.first = head
        next.entries = []
        next.bytes = 0
        return next
    }

    mutating func add(_ entry: ImportedEntry) throws(LogTransfer.Failure) {
        guard entry.sequence == head.sequence + 1, chain.digest(after: head.digest, sequence: entry.sequence, entry: entry.entry) == entry.digest else {
            throw LogTransfer.Failure(description: "line \(entry.number): \(entry.stream)/\(entry.sequence) does not follow the entry before it: the export was changed")
        }
        head = StreamHead(sequence: entry.sequence, digest: entry.digest)
        entries.append(entry.entry)
        bytes += entry.entry.recordBytes.count
    }

    /// What is left of the batch once the hole that this entry closes is declared.
    func closing(_ lost: (range: LostRange, at: WallTime), of entry: ImportedEntry, _ log: PostgresLog) async throws -> ImportBatch {
        guard lost.range.first == head.sequence + 1, lost.range.digestBefore == head.digest else {
            throw LogTransfer.Failure(description: "line \(entry.number): \(stream)/\(entry.sequence) does not follow the entry before it: the export was changed")
        }
        let answer = try await log.answer(
            .declareLost(LossRequest(stream: stream, epoch: claim.epoch, nonce: claim.nonce, lost: lost.range, at: lost.at)))
        switch answer {
        case .stored, .duplicate: break
        case .conflict(let sequence): throw LogTransfer.Failure(description: "the log holds something else at \(stream)/\(sequence)")
        default: throw LogTransfer.Failure(description: "the log did not take \(stream)/\(entry.sequence): \(answer)")
        }
        var next = self
        next.head = StreamHead(sequence: entry.sequence, digest: entry.digest)
        return next.emptied
    }

    func send(to log: PostgresLog) async throws {
        guard !entries.isEmpty else { return }
        let answer = try await log.answer(
            .append(
                AppendRequest(
                    stream: stream, epoch: claim.epoch, nonce: claim.nonce, firstSequence: first.sequence + 1, previousDigest: first.digest, entries: entries)))
        switch answer {
        case .stored, .duplicate: return
        case .conflict(let sequence): throw LogTransfer.Failure(description: "the log holds something else at \(stream)/\(sequence)")
        default: throw LogTransfer.Failure(description: "the log did not take \(stream)/\(first.sequence + 1): \(answer)")
        }
    }
}
