public import Quantities

/// The writing end of one stream: claims it, sends what is spooled in order with one batch in flight, and backs off when the log
/// is away. A pure value: its driver carries out the actions and reports what came of them.
///
/// Shippers, the coordinator and the alerter each hold one. What is not yet acknowledged lies in the spool, so a crash between
/// any two lines here costs nothing: the next process opens, learns the head, and goes on from there.
public struct LogWriter: Sendable {
    /// What the driver is to do.
    public enum Action: Equatable, Sendable {
        /// Send this; report `answered` or `unreachable`.
        case send(LogRequest)
        /// Read entries after this sequence number from the spool; report `read`.
        case read(after: Int64)
        /// The log holds all up to here: the spool may forget it after its grace.
        case acknowledge(upTo: Int64)
        /// Remember the epoch durably before anything is sent under it.
        case rememberEpoch(Int64)
        /// The spool cannot supply this range any more: spool the fact at its end, then report `declared`. What closes the hole on
        /// the log is sent only then, so that no hole is closed without its mention inside the chain.
        case declare(LostRange)
        /// The log holds another history under our name, and nothing more can be written there: set the spool aside, keep it for a
        /// person, and begin a new stream with a new writer. An alarm.
        case setAside(String)
    }

    /// Whether the log can be written, in one word for people and metrics.
    public enum Standing: String, Sendable { case connecting, writing, away, halted }

    private enum Phase: Sendable {
        /// Nothing is under way; a claim may be held.
        case idle
        case opening
        case reading
        case appending(first: Int64, count: Int, previous: Digest, firstDigest: Digest)
        /// A hole was found; its mention is being spooled.
        case declaring(LostRange)
        case closing(LostRange)
        /// The log was away or answered strangely; try again at this time.
        case waiting(until: MonotonicTime)
        /// The log holds another history under our name, or refuses us as such. A new spool, or a person, ends this.
        case halted(String)
    }

    private let stream: StreamName
    private let term: Int64?
    private var phase: Phase = .idle
    private var claim: StreamClaim?
    private var spooled: StreamHead
    private var failures = 0
    private var sentAt: MonotonicTime?
    private var random: SplitMix
    /// The most entries in the next batch: fewer after the log refused one, until the entry that it refuses stands alone.
    private var batchLimit = AppendRequest.maximumEntries
    public private(set) var acknowledged: Int64
    public private(set) var highestEpochSeen: Int64
    /// Resends that the log knew already, and claims lost: counted for metrics.
    public private(set) var duplicates = 0
    public private(set) var timesFenced = 0
    /// Entries declared lost by this writer, and times that the log was found to hold less than it had acknowledged.
    public private(set) var entriesLost: Int64 = 0
    public private(set) var timesMovedBack = 0
    /// Why the log last refused a request as such; nil since it took one.
    public private(set) var refusal: LogRefusal?

    /// Shortest and longest wait between two tries. The wait doubles with each failure and is jittered over its upper half, so
    /// that a thousand shippers do not come back in one instant.
    public static let shortestWait = Nanoseconds.milliseconds(200)
    public static let longestWait = Nanoseconds.seconds(30)

    /// - Parameters:
    ///   - spooled: the spool's head: the genesis digest with sequence 0 for a new one.
    ///   - term: a central producer's lease term; nil for a spool of a cluster.
    public init(
        stream: StreamName, spooled: StreamHead, acknowledged: Int64, highestEpochSeen: Int64, term: Int64? = nil, seed: UInt64
    ) {
        self.stream = stream
        self.spooled = spooled
        self.acknowledged = acknowledged
        self.highestEpochSeen = highestEpochSeen
        self.term = term
        self.random = SplitMix(seed: seed)
    }

    public var standing: Standing {
        switch phase {
        case .halted: .halted
        case .waiting: .away
        case .opening: failures == 0 ? .connecting : .away
        case .idle, .reading, .appending, .declaring, .closing: claim == nil ? .connecting : .writing
        }
    }
    /// Why it halted; nil while it has not.
    public var haltReason: String? {
        guard case .halted(let reason) = phase else { return nil }
        return reason
    }
    public var epoch: Int64? { claim?.epoch }
    /// Entries spooled and not yet acknowledged.
    public var backlog: Int64 { max(0, spooled.sequence - acknowledged) }
    /// When `proceed` is next worth calling; nil while something is under way or there is nothing to do.
    public var wakeAt: MonotonicTime? {
        guard case .waiting(let until) = phase else { return nil }
        return until
    }

    /// More was spooled.
    public mutating func spoolGrew(to head: StreamHead) { spooled = head }

    /// Starts what can be started now. Call after each tick, each answer, and at `wakeAt`.
    public mutating func proceed(_ now: MonotonicTime) -> [Action] {
        if case .waiting(let until) = phase, now >= until { phase = .idle }
        guard case .idle = phase else { return [] }
        guard let claim else {
            phase = .opening
            sentAt = now
            return [.send(.open(OpenRequest(stream: stream, highestEpochSeen: highestEpochSeen, term: term)))]
        }
        guard spooled.sequence > claim.head.sequence else { return [] }
        phase = .reading
        return [.read(after: claim.head.sequence)]
    }

    /// What the spool had after the sequence number asked for.
    public mutating func read(_ reading: SpoolReading, now: MonotonicTime) -> [Action] {
        guard case .reading = phase, let claim else { return [] }
        let first = claim.head.sequence + 1
        if let hole = reading.hole {
            if let before = reading.hole?.digestBefore, before != claim.head.digest { return conflict(at: claim.head.sequence) }
            return declare(
                LostRange(
                    first: first, last: hole.last, digestBefore: claim.head.digest, digestAfter: hole.digestAfter, cause: hole.cause))
        }
        guard !reading.entries.isEmpty else {
            phase = .idle
            return []
        }
        var batch: [LogEntry] = []
        var bytes = 0
        for entry in reading.entries.prefix(batchLimit) {
            bytes += entry.recordBytes.count
            if bytes > AppendRequest.maximumBytes && !batch.isEmpty { break }
            batch.append(entry)
        }
        // The spool's own digest, not the log's: where they differ the log says so, and no chain is forked in silence.
        let previous = reading.previousDigest ?? claim.head.digest
        let request = AppendRequest(
            stream: stream, epoch: claim.epoch, nonce: claim.nonce, firstSequence: first, previousDigest: previous, entries: batch)
        phase = .appending(first: first, count: batch.count, previous: previous, firstDigest: reading.digests[0])
        sentAt = now
        return [.send(.append(request))]
    }

    private mutating func declare(_ lost: LostRange) -> [Action] {
        phase = .declaring(lost)
        return [.declare(lost)]
    }

    /// The mention of the range that `declare` named is in the spool.
    public mutating func declared(at wall: WallTime, now: MonotonicTime) -> [Action] {
        guard case .declaring(let lost) = phase, let claim else { return [] }
        phase = .closing(lost)
        sentAt = now
        return [.send(.declareLost(LossRequest(stream: stream, epoch: claim.epoch, nonce: claim.nonce, lost: lost, at: wall.madePlausible)))]
    }

    /// The log answered the request in flight. The grant that came with it, if any, is counted from when the request was sent.
    public mutating func answered(_ answer: LogAnswer, now: MonotonicTime) -> (actions: [Action], grant: (Grant, sentAt: MonotonicTime)?) {
        var actions: [Action] = []
        var fetched: Grant?
        switch answer {
        case .opened(let claim, let grant, _):
            actions += opened(claim, now: now)
            fetched = grant
        case .stored(let head, let grant), .duplicate(let head, let grant):
            if case .duplicate = answer { duplicates += 1 }
            if case .closing(let lost) = phase { entriesLost += lost.count }
            failures = 0
            refusal = nil
            batchLimit = min(AppendRequest.maximumEntries, batchLimit * 2)
            phase = .idle
            advance(to: head)
            actions.append(.acknowledge(upTo: acknowledged))
            fetched = grant
        case .outOfOrder, .headMovedBack, .fenced:
            // The claim is worth nothing any more. Opening again tells the head, from which all is sent anew. Two holders of one
            // spool would fence each other for ever, so the wait grows.
            if case .fenced(let epoch) = answer {
                timesFenced += 1
                if term == nil { highestEpochSeen = max(highestEpochSeen, epoch) }
            }
            claim = nil
            if term != nil, case .fenced = answer {
                phase = .halted("a newer term writes the stream")
            } else {
                wait(now)
            }
        case .conflict(let sequence): actions += conflict(at: sequence)
        case .refused(let refusal): actions += refused(refusal, now)
        }
        let grant = fetched.flatMap { grant in sentAt.map { (grant, sentAt: $0) } }
        return (actions + proceed(now), grant)
    }

    private mutating func conflict(at sequence: Int64) -> [Action] {
        halt("the log holds something else at \(stream)/\(sequence)")
    }
    private mutating func halt(_ reason: String) -> [Action] {
        phase = .halted(reason)
        claim = nil
        return term == nil ? [.setAside(reason)] : []
    }

    private mutating func refused(_ refusal: LogRefusal, _ now: MonotonicTime) -> [Action] {
        self.refusal = refusal
        switch refusal {
        case .malformedEntry, .batchTooLarge, .foreignKind, .absurdTime, .entryTooLarge, .unknownKind, .futureVersion:
            guard case .appending(let first, let count, let previous, let firstDigest) = phase else {
                phase = .halted("the log refused the request: \(refusal.sentence)")
                return []
            }
            // One entry that the log will never take must not hold up all that follow: it is found by halving, and declared lost.
            if count == 1 {
                return declare(
                    LostRange(first: first, last: first, digestBefore: previous, digestAfter: firstDigest, cause: LogWriter.refusedCause))
            }
            batchLimit = count / 2
            phase = .idle
            return []
        case .noPartition, .notYourStream, .unknownStream:
            // An administrator can end each of these, and nobody tells us when.
            if refusal != .noPartition { claim = nil }
            wait(now)
            return []
        case .absurdEpoch: return halt(refusal.sentence)  // what the spool remembers cannot be; another spool knows nothing of it
        case .emptyBatch, .staleTerm, .nameTooLong:
            phase = .halted("the log refused the request: \(refusal.sentence)")
            return []
        }
    }
    /// Why an entry is lost that the log refuses as such.
    public static let refusedCause = "refused"

    /// The log could not be asked, or did not answer in time: whether it stored is unknown, and resending tells.
    public mutating func unreachable(now: MonotonicTime) {
        claim = nil
        wait(now)
    }

    private mutating func opened(_ claim: StreamClaim, now: MonotonicTime) -> [Action] {
        highestEpochSeen = max(highestEpochSeen, claim.epoch)
        if claim.head.sequence > spooled.sequence {
            return halt("the log holds \(claim.head.sequence) entries of \(stream), and the spool only \(spooled.sequence): the spool was lost or restored")
        }
        if claim.head.sequence == spooled.sequence && claim.head.digest != spooled.digest { return conflict(at: claim.head.sequence) }
        if claim.head.sequence < acknowledged { timesMovedBack += 1 }
        failures = 0
        phase = .idle
        self.claim = claim
        // After a restore the log may be behind what it once acknowledged: then all of that counts as unsent again.
        acknowledged = claim.head.sequence
        return [.rememberEpoch(highestEpochSeen), .acknowledge(upTo: acknowledged)]
    }

    private mutating func advance(to head: StreamHead) {
        claim?.head = head
        acknowledged = max(acknowledged, min(head.sequence, spooled.sequence))
    }

    private mutating func wait(_ now: MonotonicTime) {
        let doublings = min(failures, 20)
        let full = min(LogWriter.longestWait.count, LogWriter.shortestWait.count << Int64(doublings))
        let jittered = full / 2 + Int64(random.next() % UInt64(full / 2 + 1))
        failures += 1
        phase = .waiting(until: now + Nanoseconds(jittered))
    }
}
