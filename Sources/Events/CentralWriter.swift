public import Quantities

/// The writing end of a central part's stream (the coordinator's, the alerter's). A pure value.
///
/// What is not on the log has not happened here: a grant is delivered by the log alone, and a patch follows only what was stored.
/// So entries wait in memory, and a crash before they are stored loses a thought, not a fact. The epoch is the lease's term: an
/// older holder's append is fenced.
public struct CentralWriter: Sendable {
    /// At this many waiting entries `isFull` is true, and the holder makes no new ones until the log answers.
    public static let maximumWaiting = 2_000

    private enum Phase: Sendable {
        case closed
        case opening
        case idle
        case appending([LogEntry])
        case waiting(until: MonotonicTime)
        case halted(String)
    }

    private let stream: StreamName
    private let term: Int64
    private let chain: HashChain
    private var phase: Phase = .closed
    private var claim: StreamClaim?
    private var waiting: [LogEntry] = []
    /// A batch that was sent and not answered: the head tells whether it was stored.
    private var unanswered: [LogEntry] = []
    private var failures = 0
    /// How often the log turned out to stand elsewhere than where this writer left it: it was restored to an older state.
    public private(set) var timesMovedBack = 0
    private var random: SplitMix

    public init(stream: StreamName, term: Int64, hash: HashFunction, seed: UInt64) {
        self.stream = stream
        self.term = term
        self.chain = HashChain(hash)
        self.random = SplitMix(seed: seed)
    }

    public var isFull: Bool { waiting.count + unanswered.count >= CentralWriter.maximumWaiting }
    public var isIdle: Bool { waiting.isEmpty && unanswered.isEmpty }
    public var head: StreamHead? { claim?.head }
    public var wakeAt: MonotonicTime? {
        guard case .waiting(let until) = phase else { return nil }
        return until
    }
    /// Why it will write no more under this term; nil while it may.
    public var haltReason: String? {
        guard case .halted(let reason) = phase else { return nil }
        return reason
    }

    public mutating func add(_ entries: [LogEntry]) { waiting += entries }

    /// Forgets some of what was not sent yet, and asks the log anew where its head stands.
    /// - Parameter isKept: for each entry that is not on the log, in order: whether it still holds. What is under way is kept in any case.
    public mutating func beginAnew(keeping isKept: [Bool]) {
        waiting = zip(waiting, isKept.dropFirst(unanswered.count)).filter(\.1).map(\.0)
        guard unanswered.isEmpty else { return }
        claim = nil
        if case .idle = phase { phase = .closed }
    }
    /// So many entries are under way.
    public var underWay: Int { unanswered.count }

    /// The request to send now, if any.
    public mutating func proceed(_ now: MonotonicTime) -> LogRequest? {
        if case .waiting(let until) = phase, now >= until { phase = .closed }
        switch phase {
        case .closed:
            phase = .opening
            return .open(OpenRequest(stream: stream, highestEpochSeen: 0, term: term))
        case .idle:
            guard let claim, !waiting.isEmpty else { return nil }
            let batch = nextBatch()
            waiting.removeFirst(batch.count)
            unanswered = batch
            phase = .appending(batch)
            return .append(
                AppendRequest(
                    stream: stream, epoch: claim.epoch, nonce: claim.nonce, firstSequence: claim.head.sequence + 1,
                    previousDigest: claim.head.digest, entries: batch))
        case .opening, .appending, .waiting, .halted: return nil
        }
    }

    /// As many waiting entries as one call may carry, and at least one.
    private func nextBatch() -> [LogEntry] {
        var bytes = 0
        let fitting = waiting.prefix(AppendRequest.maximumEntries).prefix { entry in
            bytes += entry.recordBytes.count
            return bytes <= AppendRequest.maximumBytes
        }
        return fitting.isEmpty ? Array(waiting.prefix(1)) : Array(fitting)
    }

    /// The log answered. Returns the entries that are on the log now and were not before, with their first sequence number.
    public mutating func answered(_ answer: LogAnswer, now: MonotonicTime) -> (stored: [LogEntry], first: Int64)? {
        switch answer {
        case .opened(let claim, _, _):
            if let known = self.claim?.head, claim.head.sequence < known.sequence || claim.head.sequence == known.sequence && claim.head != known {
                timesMovedBack += 1
            }
            let stored = settleUnanswered(head: claim.head)
            self.claim = claim
            failures = 0
            phase = .idle
            return stored
        case .stored(let head, _), .duplicate(let head, _):
            let batch = unanswered
            unanswered = []
            claim?.head = head
            failures = 0
            phase = .idle
            return (batch, head.sequence - Int64(batch.count) + 1)
        case .fenced: phase = .halted("a newer term writes the stream")
        case .refused(.staleTerm): phase = .halted("the log has seen a newer term")
        case .outOfOrder, .headMovedBack:
            timesMovedBack += 1
            // Nothing was stored, and where the head stands is the next opening's to say.
            (waiting, unanswered, claim) = (unanswered + waiting, [], nil)
            retry(now)
        case .refused(.noPartition): retry(now)
        case .conflict(let sequence): phase = .halted("the log holds something else at \(stream)/\(sequence)")
        case .refused(let refusal): phase = .halted("the log refused the request: \(refusal.sentence)")
        }
        return nil
    }

    public mutating func unreachable(now: MonotonicTime) { retry(now) }

    /// After a reconnection: the unanswered batch was stored if the head stands at its end with its digest. Else it waits again.
    private mutating func settleUnanswered(head: StreamHead) -> (stored: [LogEntry], first: Int64)? {
        defer { unanswered = [] }
        guard !unanswered.isEmpty, var reached = claim?.head else {
            waiting = unanswered + waiting
            return nil
        }
        let first = reached.sequence + 1
        for entry in unanswered {
            let sequence = reached.sequence + 1
            reached = StreamHead(sequence: sequence, digest: chain.digest(after: reached.digest, sequence: sequence, entry: entry))
        }
        if reached == head { return (unanswered, first) }
        waiting = unanswered + waiting
        return nil
    }

    private mutating func retry(_ now: MonotonicTime) {
        let full = min(LogWriter.longestWait.count, LogWriter.shortestWait.count << Int64(min(failures, 20)))
        failures += 1
        phase = .waiting(until: now + Nanoseconds(full / 2 + Int64(random.next() % UInt64(full / 2 + 1))))
    }
}
