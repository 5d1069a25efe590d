public import Quantities

/// The log's protocol as a pure value: what PostgreSQL's `open` and `append` do, and what the simulator's log is.
///
/// One conformance suite holds this and the SQL functions to equal answers.
public struct LogMachine: Sendable {
    private struct Stream: Sendable {
        var epoch: Int64 = 0
        var nonce: Int64 = 0
        /// `entries[n − 1]` stands at n; nil inside a range that was declared lost.
        var entries = EntryList()
        /// `digests[n]` is the digest after n entries; `digests[0]` is the genesis; nil inside a lost range.
        var digests = PiecewiseArray<Digest?>()
        var head: StreamHead

        init(genesis: Digest) {
            head = StreamHead(sequence: 0, digest: genesis)
            digests.append(genesis)
        }
        mutating func store(_ entry: LogEntry?, _ digest: Digest?) {
            entries.append(entry)
            digests.append(digest)
            if let digest { head = StreamHead(sequence: Int64(entries.count), digest: digest) }
        }
    }

    private let chain: HashChain
    private var streams: [StreamName: Stream] = [:]
    /// The newest grant per cluster, from the coordinator's own entries.
    public private(set) var grants: [ClusterID: Grant] = [:]
    /// The rows of the last tick stored per cluster, whichever of its spools wrote them.
    private var newestTicks: [ClusterID: [PositionedTick]] = [:]

    /// What the newest append put on the log, as it was read, and where the first of it stands: for projections beside the machine.
    public private(set) var newestStored: (stream: StreamName, firstSequence: Int64, entries: ArraySlice<ReadEntry>)?

    public init(hash: HashFunction) { self.chain = HashChain(hash) }

    /// Carries out one request.
    /// - Parameters:
    ///   - nonce: drawn by the caller; used where the request opens a stream.
    ///   - known: an entry that the caller has read already, by its digest in the chain, which tells its bytes; nil for one that he has not.
    public mutating func apply(_ request: LogRequest, nonce: Int64, known: (Digest) -> DecodedEntry? = { _ in nil }) -> LogAnswer {
        switch request {
        case .open(let open): self.open(open, nonce: nonce)
        case .append(let append): self.append(append, known)
        case .declareLost(let loss): declareLost(loss)
        }
    }

    public var streamNames: [StreamName] { streams.keys.sorted() }
    public func head(of stream: StreamName) -> StreamHead? { streams[stream]?.head }

    /// The digest of the chain at a place; nil where nothing stands.
    public func digest(of stream: StreamName, at sequence: Int64) -> Digest? {
        guard let stream = streams[stream], stream.digests.indices.contains(Int(sequence)) else { return nil }
        return stream.digests[Int(sequence)]
    }

    /// Entries after `sequence`, in order, at most `limit`. A lost range shows its closing record alone.
    public func entries(of stream: StreamName, after sequence: Int64, limit: Int) -> [(sequence: Int64, entry: LogEntry)] {
        guard let stream = streams[stream], sequence < stream.entries.count else { return [] }
        var found: [(sequence: Int64, entry: LogEntry)] = []
        for index in Int(sequence)..<stream.entries.count {
            guard found.count < limit else { break }
            if let entry = stream.entries[index] { found.append((Int64(index + 1), entry)) }
        }
        return found
    }

    /// Forgets all after `sequence`: a database restored to an older state. For the simulator and the conformance suite.
    /// - Parameter sequence: one where the stream once ended: not inside a lost range.
    public mutating func restore(_ stream: StreamName, to sequence: Int64, epoch: Int64, nonce: Int64) {
        guard var stored = streams[stream], let digest = stored.digests[Int(sequence)] else { return }
        stored.entries.keep(first: Int(sequence))
        stored.digests.keep(first: Int(sequence) + 1)
        stored.head = StreamHead(sequence: sequence, digest: digest)
        stored.epoch = epoch
        stored.nonce = nonce
        streams[stream] = stored
    }

    private mutating func open(_ request: OpenRequest, nonce: Int64) -> LogAnswer {
        guard request.stream.text.utf8.count <= StreamName.maximumBytes else { return .refused(.nameTooLong) }
        if let term = request.term, term < request.highestEpochSeen { return .refused(.staleTerm) }
        var stream = streams[request.stream] ?? Stream(genesis: chain.genesis(of: request.stream))
        guard max(request.highestEpochSeen, request.term ?? 0, 0) - stream.epoch <= OpenRequest.maximumLead else { return .refused(.absurdEpoch) }
        if let term = request.term {
            // A term belongs to one holder, who may come back after its connection broke: equal is his, lower is a zombie's.
            guard term >= max(stream.epoch, request.highestEpochSeen) else { return .refused(.staleTerm) }
            stream.epoch = term
        } else {
            stream.epoch = max(stream.epoch, request.highestEpochSeen) + 1
        }
        stream.nonce = nonce
        streams[request.stream] = stream
        let claim = StreamClaim(epoch: stream.epoch, nonce: nonce, head: stream.head)
        let cluster = request.stream.cluster
        return .opened(claim, grant: cluster.flatMap { grants[$0] }, newest: cluster.flatMap { newestTicks[$0] } ?? [])
    }

    private mutating func append(_ request: AppendRequest, _ known: (Digest) -> DecodedEntry?) -> LogAnswer {
        let batch: (entries: [ReadEntry], digests: [Digest], stored: Int)
        switch judge(request, known) {
        case .answer(let answer): return answer
        case .new(let found): batch = found
        }
        let first = request.firstSequence
        let head = store(zip(request.entries, batch.digests).dropFirst(batch.stored).map { ($0, $1) }, in: request.stream)
        newestStored = (request.stream, first + Int64(batch.stored), batch.entries.dropFirst(batch.stored))
        project(batch.entries, firstSequence: first, after: first + Int64(batch.stored) - 1, from: request.stream)
        return .stored(head, grant: request.stream.cluster.flatMap { grants[$0] })
    }

    private enum Judgement {
        case answer(LogAnswer)
        /// `stored`: so many of them stand there already, byte for byte.
        case new((entries: [ReadEntry], digests: [Digest], stored: Int))
    }

    /// What an append comes to, before anything changes. Its copy of the stream dies here, so that none is made when the batch is stored.
    private func judge(_ request: AppendRequest, _ known: (Digest) -> DecodedEntry?) -> Judgement {
        guard let stream = streams[request.stream] else { return .answer(.refused(.unknownStream)) }
        guard !request.entries.isEmpty else { return .answer(.refused(.emptyBatch)) }
        guard request.entries.count <= AppendRequest.maximumEntries,
            request.entries.reduce(0, { $0 + $1.recordBytes.count }) <= AppendRequest.maximumBytes
        else { return .answer(.refused(.batchTooLarge)) }
        // A claim that the log does not know is either an older one, or one that a restore has forgotten.
        if request.epoch > stream.epoch { return .answer(.headMovedBack(stream.head)) }
        guard request.epoch == stream.epoch, request.nonce == stream.nonce else { return .answer(.fenced(currentEpoch: stream.epoch)) }
        let expected = stream.head.sequence + 1
        guard request.firstSequence >= 1, request.firstSequence <= expected else { return .answer(.outOfOrder(expected: expected)) }

        guard stream.digests[Int(request.firstSequence) - 1] == request.previousDigest else {
            return .answer(.conflict(at: request.firstSequence - 1))
        }
        let batch = read(request, known)
        // An equal digest at the last entry that is stored already means that all before it are equal too.
        let stored = Int(min(expected - request.firstSequence, Int64(batch.entries.count)))
        if stored > 0, stream.digests[Int(request.firstSequence) + stored - 1] != batch.digests[stored - 1] {
            let first = (0..<stored).first { stream.digests[Int(request.firstSequence) + $0] != batch.digests[$0] } ?? stored - 1
            return .answer(.conflict(at: request.firstSequence + Int64(first)))
        }
        guard batch.entries.count == request.entries.count else { return .answer(.refused(.malformedEntry)) }
        if let refusal = request.stream.refusal(of: batch.entries, sizes: request.entries.map { $0.recordBytes.count }) { return .answer(.refused(refusal)) }
        guard request.lastSequence >= expected else {
            return .answer(.duplicate(stream.head, grant: request.stream.cluster.flatMap { grants[$0] }))
        }
        return .new((batch.entries, batch.digests, stored))
    }

    /// Puts entries at a stream's end, in place. Returns the new head.
    private mutating func store(_ entries: [(LogEntry?, Digest?)], in name: StreamName) -> StreamHead {
        func put(_ stream: inout Stream) -> StreamHead {
            for (entry, digest) in entries { stream.store(entry, digest) }
            return stream.head
        }
        return put(&streams[name, default: Stream(genesis: chain.genesis(of: name))])
    }

    /// The batch up to its first entry that cannot be read, each with the digest after it.
    private func read(_ request: AppendRequest, _ known: (Digest) -> DecodedEntry?) -> (entries: [ReadEntry], digests: [Digest]) {
        var batch: (entries: [ReadEntry], digests: [Digest]) = ([], [])
        var digest = request.previousDigest
        for (offset, entry) in request.entries.enumerated() {
            digest = chain.digest(after: digest, sequence: request.firstSequence + Int64(offset), entry: entry)
            // Why it cannot be read does not matter: the answer is one word.
            guard let decoded = known(digest) ?? (try? entry.decoded()) else { break }
            batch.entries.append(ReadEntry(decoded))
            batch.digests.append(digest)
        }
        return batch
    }

    private mutating func declareLost(_ request: LossRequest) -> LogAnswer {
        if let answer = refusal(of: request) { return answer }
        let hole: [(LogEntry?, Digest?)] = (request.lost.first..<request.lost.last).map { _ in (nil, nil) }
        let head = store(hole + [(request.closingRecord, request.lost.digestAfter)], in: request.stream)
        return .stored(head, grant: request.stream.cluster.flatMap { grants[$0] })
    }

    /// The answer to a loss that closes nothing now; nil where it closes a hole.
    private func refusal(of request: LossRequest) -> LogAnswer? {
        guard let stream = streams[request.stream] else { return .refused(.unknownStream) }
        guard request.isWellFormed else { return .refused(.malformedEntry) }
        if request.epoch > stream.epoch { return .headMovedBack(stream.head) }
        guard request.epoch == stream.epoch, request.nonce == stream.nonce else { return .fenced(currentEpoch: stream.epoch) }
        let lost = request.lost
        if lost.last <= stream.head.sequence {
            guard stream.digests[Int(lost.last)] == lost.digestAfter else { return .conflict(at: lost.last) }
            return .duplicate(stream.head, grant: request.stream.cluster.flatMap { grants[$0] })
        }
        guard lost.first == stream.head.sequence + 1 else { return .outOfOrder(expected: stream.head.sequence + 1) }
        return lost.digestBefore == stream.head.digest ? nil : .conflict(at: stream.head.sequence)
    }

    /// What newly stored entries change beside the stream itself.
    private mutating func project(_ entries: [ReadEntry], firstSequence: Int64, after head: Int64, from stream: StreamName) {
        for (offset, read) in entries.enumerated() where firstSequence + Int64(offset) > head {
            switch read.entry {
            case .tick(let tick):
                guard let cluster = stream.cluster else { continue }
                let position = LogPosition(stream: stream, sequence: firstSequence + Int64(offset))
                // A row belongs to the newest tick when it begins one or is the next row of it, so that the list stays one tick long.
                let newest = newestTicks[cluster] ?? []
                if tick.ordinal == 0 { newestTicks[cluster] = [] }
                let continues = newest.last?.position.stream == stream && newest.last?.tick.number == tick.number
                guard tick.ordinal == 0 || (continues && Int(tick.ordinal) == newest.count) else { continue }
                newestTicks[cluster, default: []].append(PositionedTick(position: position, tick: tick))
            case .event(let envelope):
                // The grants that the coordinator issued become what shippers are answered. A kind that is unknown here is a
                // later version's, and no grant.
                guard stream == .coordinator, envelope.kind == Fact.grantKind, case .grantIssued(let grant)? = read.fact else { continue }
                if let current = grants[grant.cluster], grant.version <= current.version { continue }
                grants[grant.cluster] = grant
            }
        }
    }
}
