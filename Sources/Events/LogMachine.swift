public import Quantities

/// The log's protocol as a pure value: what PostgreSQL's `open` and `append` do, and what the simulator's log is.
///
/// One conformance suite holds this and the SQL functions to equal answers.
public struct LogMachine: Sendable {
    private struct Stream: Sendable {
        var epoch: Int64 = 0
        var nonce: Int64 = 0
        var entries: [LogEntry] = []
        /// `digests[n]` is the digest after n entries; `digests[0]` is the genesis.
        var digests: [Digest]
        var head: StreamHead { StreamHead(sequence: Int64(entries.count), digest: digests[entries.count]) }
    }

    private let chain: HashChain
    private var streams: [StreamName: Stream] = [:]
    /// The newest grant per cluster, from the coordinator's own entries.
    public private(set) var grants: [ClusterID: Grant] = [:]
    /// The rows of the last tick stored per cluster, whichever of its spools wrote them.
    private var newestTicks: [ClusterID: [PositionedTick]] = [:]

    public init(hash: HashFunction) { self.chain = HashChain(hash) }

    /// Carries out one request.
    /// - Parameter nonce: drawn by the caller; used where the request opens a stream.
    public mutating func apply(_ request: LogRequest, nonce: Int64) -> LogAnswer {
        switch request {
        case .open(let open): self.open(open, nonce: nonce)
        case .append(let append): self.append(append)
        }
    }

    public var streamNames: [StreamName] { streams.keys.sorted() }
    public func head(of stream: StreamName) -> StreamHead? { streams[stream]?.head }

    /// Entries after `sequence`, in order, at most `limit`.
    public func entries(of stream: StreamName, after sequence: Int64, limit: Int) -> [(sequence: Int64, entry: LogEntry)] {
        guard let stream = streams[stream], sequence < stream.entries.count else { return [] }
        let first = Int(sequence)
        let last = min(stream.entries.count, first + limit)
        return (first..<last).map { (Int64($0 + 1), stream.entries[$0]) }
    }

    /// Forgets all after `sequence`: a database restored to an older state. For the simulator and the conformance suite.
    public mutating func restore(_ stream: StreamName, to sequence: Int64, epoch: Int64, nonce: Int64) {
        guard var stored = streams[stream] else { return }
        stored.entries.removeSubrange(Int(sequence)...)
        stored.digests.removeSubrange((Int(sequence) + 1)...)
        stored.epoch = epoch
        stored.nonce = nonce
        streams[stream] = stored
    }

    private mutating func open(_ request: OpenRequest, nonce: Int64) -> LogAnswer {
        var stream = streams[request.stream] ?? Stream(digests: [chain.genesis(of: request.stream)])
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

    private mutating func append(_ request: AppendRequest) -> LogAnswer {
        guard var stream = streams[request.stream] else { return .refused(.unknownStream) }
        guard !request.entries.isEmpty else { return .refused(.emptyBatch) }
        guard request.entries.count <= AppendRequest.maximumEntries,
            request.entries.reduce(0, { $0 + $1.recordBytes.count }) <= AppendRequest.maximumBytes
        else { return .refused(.batchTooLarge) }
        // A claim that the log does not know is either an older one, or one that a restore has forgotten.
        if request.epoch > stream.epoch { return .headMovedBack(stream.head) }
        guard request.epoch == stream.epoch, request.nonce == stream.nonce else { return .fenced(currentEpoch: stream.epoch) }
        let expected = stream.head.sequence + 1
        guard request.firstSequence >= 1, request.firstSequence <= expected else { return .outOfOrder(expected: expected) }

        guard stream.digests[Int(request.firstSequence) - 1] == request.previousDigest else {
            return .conflict(at: request.firstSequence - 1)
        }
        var digest = request.previousDigest
        var decoded: [DecodedEntry] = []
        for (offset, entry) in request.entries.enumerated() {
            let sequence = request.firstSequence + Int64(offset)
            do { decoded.append(try entry.decoded()) } catch { return .refused(.malformedEntry) }
            digest = chain.digest(after: digest, sequence: sequence, entry: entry)
            if sequence < expected {
                guard stream.digests[Int(sequence)] == digest else { return .conflict(at: sequence) }
            } else {
                stream.entries.append(entry)
                stream.digests.append(digest)
            }
        }
        let grant = request.stream.cluster.flatMap { grants[$0] }
        guard request.lastSequence >= expected else { return .duplicate(stream.head, grant: grant) }
        streams[request.stream] = stream
        project(decoded, firstSequence: request.firstSequence, after: expected - 1, from: request.stream)
        return .stored(streams[request.stream]?.head ?? stream.head, grant: request.stream.cluster.flatMap { grants[$0] })
    }

    /// What newly stored entries change beside the stream itself.
    private mutating func project(_ entries: [DecodedEntry], firstSequence: Int64, after head: Int64, from stream: StreamName) {
        for (offset, entry) in entries.enumerated() where firstSequence + Int64(offset) > head {
            switch entry {
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
                guard stream == .coordinator, case .grantIssued(let grant)? = try? envelope.fact() else { continue }
                if let current = grants[grant.cluster], grant.version <= current.version { continue }
                grants[grant.cluster] = grant
            }
        }
    }
}
