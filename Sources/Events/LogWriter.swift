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
    }

    /// Whether the log can be written, in one word for people and metrics.
    public enum Standing: String, Sendable { case connecting, writing, away, halted }

    private enum Phase: Sendable {
        /// Nothing is under way; a claim may be held.
        case idle
        case opening
        case reading
        case appending(last: Int64)
        /// The log was away or answered strangely; try again at this time.
        case waiting(until: MonotonicTime)
        /// The log holds another history under our name. Only a person, or a new spool, can end this.
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
    public private(set) var acknowledged: Int64
    public private(set) var highestEpochSeen: Int64
    /// Resends that the log knew already, and claims lost: counted for metrics.
    public private(set) var duplicates = 0
    public private(set) var timesFenced = 0

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
        case .idle, .reading, .appending: claim == nil ? .connecting : .writing
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

    /// What the spool had after the sequence number asked for, in order, and the digest just before it as the spool knows it.
    public mutating func read(_ entries: [LogEntry], first: Int64, now: MonotonicTime) -> [Action] {
        guard case .reading = phase, let claim else { return [] }
        guard !entries.isEmpty else {
            phase = .idle
            return []
        }
        guard first == claim.head.sequence + 1 else {
            phase = .halted("the log ends at \(claim.head.sequence), and the spool holds nothing before \(first)")
            return []
        }
        var batch: [LogEntry] = []
        var bytes = 0
        for entry in entries.prefix(AppendRequest.maximumEntries) {
            bytes += entry.recordBytes.count
            if bytes > AppendRequest.maximumBytes && !batch.isEmpty { break }
            batch.append(entry)
        }
        let request = AppendRequest(
            stream: stream, epoch: claim.epoch, nonce: claim.nonce, firstSequence: first, previousDigest: claim.head.digest,
            entries: batch)
        phase = .appending(last: request.lastSequence)
        sentAt = now
        return [.send(.append(request))]
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
            failures = 0
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
        case .conflict(let sequence):
            phase = .halted("the log holds something else at \(stream)/\(sequence)")
        case .refused(.noPartition):
            wait(now)
        case .refused(let refusal):
            phase = .halted("the log refused the request: \(refusal.rawValue)")
        }
        let grant = fetched.flatMap { grant in sentAt.map { (grant, sentAt: $0) } }
        return (actions + proceed(now), grant)
    }

    /// The log could not be asked, or did not answer in time: whether it stored is unknown, and resending tells.
    public mutating func unreachable(now: MonotonicTime) {
        claim = nil
        wait(now)
    }

    private mutating func opened(_ claim: StreamClaim, now: MonotonicTime) -> [Action] {
        highestEpochSeen = max(highestEpochSeen, claim.epoch)
        if claim.head.sequence > spooled.sequence {
            phase = .halted("the log holds \(claim.head.sequence) entries, and the spool only \(spooled.sequence): the spool was lost or restored")
            return []
        }
        if claim.head.sequence == spooled.sequence && claim.head.digest != spooled.digest {
            phase = .halted("the log holds something else at \(stream)/\(claim.head.sequence)")
            return []
        }
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

/// A small seeded generator for jitter and simulation (SplitMix64, G. Steele, D. Lea and C. Flood, 2014). Not for secrets.
public struct SplitMix: RandomNumberGenerator, Sendable {
    private var state: UInt64
    public init(seed: UInt64) { state = seed }
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
