import Clocks
import Cryptography
public import Events
public import Quantities
import Spool

/// The log as a central part writes it, with a spool behind: what was stored lies on this machine for a day (bounded), so that a
/// database restored from an older backup is filled again before the part goes on.
///
/// The process sees a log like any other. A batch is on disk before it is sent. When the stream is opened and the log holds less than
/// it once acknowledged, the spool's entries are appended first, under the new claim; what no spool holds is declared lost, and
/// mentioned inside the chain. What was spooled and never acknowledged is taken back: a decision that is not on the log has not
/// happened. A stream has many holders one after the other, so each follows what the others write (`follow`), and copies what is
/// missing at each opening: whoever leads next can fill an older database again, also where its predecessor's machine is gone.
///
/// A spool that fails (disk full) is told of once and never in the way: the log is the truth, the spool a copy. What it missed
/// meanwhile it copies as soon as it can.
public actor SpooledLog: EventLog {
    /// A stored entry, as it is copied into the spool.
    public struct StoredEntry: Sendable {
        public var sequence: Int64
        public var entry: LogEntry
        public var digest: Digest
        public init(sequence: Int64, entry: LogEntry, digest: Digest) {
            self.sequence = sequence
            self.entry = entry
            self.digest = digest
        }
    }

    /// At an opening at most this many of the stream's last entries are copied; older ones are covered by the other replicas' spools, or not.
    public static let maximumCopied: Int64 = 10_000
    static let copiedPerRead = 500

    private let log: any EventLog
    private let stream: StreamName
    private let path: String
    /// Reads the stream's stored entries after a place, in order, at most so many.
    private let stored: @Sendable (_ after: Int64, _ limit: Int) async throws -> [StoredEntry]
    private let tell: @Sendable (String, [String: String]) -> Void
    private let chain = HashChain(.libcrypto)
    private var spool: SQLiteSpool?
    /// Batches between their spooling and the log's answer: what is spooled of them stands nowhere else yet.
    private var appending = 0
    /// What was last told to be wrong with the spool; nil since it took something.
    private var problem: String?

    public init(
        _ log: any EventLog, stream: StreamName, path: String,
        stored: @escaping @Sendable (_ after: Int64, _ limit: Int) async throws -> [StoredEntry],
        tell: @escaping @Sendable (String, [String: String]) -> Void
    ) {
        self.log = log
        self.stream = stream
        self.path = path
        self.stored = stored
        self.tell = tell
    }

    /// The highest term that this machine's spool has seen: a new term must lie above it, also where the database forgot.
    public func highestTermSeen() async -> Int64 { await trying { try await $0.contents().highestTermSeen } ?? 0 }

    public func answer(_ request: LogRequest) async throws -> LogAnswer {
        switch request {
        case .open(let open): try await self.open(open)
        case .append(let append): try await self.append(append)
        case .declareLost: try await log.answer(request)
        }
    }

    // MARK: - Appending

    private func append(_ request: AppendRequest) async throws -> LogAnswer {
        appending += 1
        defer { appending -= 1 }
        let isSpooled: Void? = await trying(isProof: true) { spool in
            // What an earlier failure left out is copied first, or nothing would fit behind it any more.
            let before = StreamHead(sequence: request.firstSequence - 1, digest: request.previousDigest)
            let end = try await spool.contents().head ?? StreamHead(sequence: 0, digest: self.chain.genesis(of: self.stream))
            if end.sequence < before.sequence {
                try await self.copyForward(spool, from: try await self.begin(spool, at: end, before), through: before.sequence)
            }
            var head = before
            try await spool.append(
                request.entries.map { entry in
                    head = StreamHead(sequence: head.sequence + 1, digest: self.chain.digest(after: head.digest, sequence: head.sequence + 1, entry: entry))
                    return SpooledEntry(sequence: head.sequence, digest: head.digest, entry: entry)
                })
        }
        let answer = try await log.answer(.append(request))
        switch answer {
        case .stored(let head, _), .duplicate(let head, _):
            if isSpooled != nil { await trying { try await $0.acknowledge(upTo: head.sequence, at: SystemClocks.wall()) } }
        default: break
        }
        return answer
    }

    // MARK: - Opening

    private func open(_ request: OpenRequest) async throws -> LogAnswer {
        var request = request
        request.highestEpochSeen = max(request.highestEpochSeen, await highestTermSeen())
        let answer = try await log.answer(.open(request))
        guard case .opened(var claim, let grant, let newest) = answer else { return answer }
        await trying { try await $0.remember(term: claim.epoch) }
        guard let contents = await trying({ try await $0.contents() }) else { return answer }
        if claim.head.sequence < contents.acknowledged {
            guard let healed = try await heal(claim, contents) else { return .headMovedBack(claim.head) }
            claim.head = healed
        }
        await copy(to: claim.head)
        return .opened(claim, grant: grant, newest: newest)
    }

    /// Appends what the log forgot, and says what is lost. Returns the new head; nil where the log did not take it all: then the
    /// caller opens again, and this goes on from there.
    private func heal(_ claim: StreamClaim, _ contents: SpoolContents) async throws -> StreamHead? {
        tell("the log moved back: it is filled again from the spool", ["log": "\(claim.head.sequence)", "acknowledged": "\(contents.acknowledged)"])
        guard let known = await trying({ try await $0.digest(at: claim.head.sequence) ?? claim.head.digest }) else {
            await setAside("the log moved back and the spool cannot be read")
            return claim.head
        }
        guard known == claim.head.digest else {
            await setAside("the log holds something else at \(stream)/\(claim.head.sequence)")
            return claim.head
        }
        var head = claim.head
        var lost: [LostRange] = []
        while head.sequence < contents.acknowledged {
            guard let batch = await trying({
                try await $0.entries(after: head.sequence, limit: AppendRequest.maximumEntries, maximumBytes: AppendRequest.maximumBytes)
            }) else {
                // The copy cannot be read either: what it held is lost, and the part goes on from what the log has.
                await setAside("the log moved back and the spool cannot be read from \(stream)/\(head.sequence) on")
                return head
            }
            let request: LogRequest
            if let missing = batch.missing {
                let range = LostRange(
                    first: head.sequence + 1, last: missing.last, digestBefore: head.digest, digestAfter: missing.digestAfter,
                    cause: missing.cause.rawValue)
                lost.append(range)
                request = .declareLost(LossRequest(stream: stream, epoch: claim.epoch, nonce: claim.nonce, lost: range, at: SystemClocks.wall()))
            } else {
                let entries = batch.entries.prefix { $0.sequence <= contents.acknowledged }.map(\.entry)
                guard !entries.isEmpty else { return nil }
                request = .append(
                    AppendRequest(
                        stream: stream, epoch: claim.epoch, nonce: claim.nonce, firstSequence: head.sequence + 1, previousDigest: head.digest,
                        entries: entries))
            }
            guard case .stored(let reached, _) = try await log.answer(request) else { return nil }
            head = reached
        }
        return try await mention(lost, claim, at: head)
    }

    /// Puts the losses into the chain, right behind what was filled again.
    private func mention(_ lost: [LostRange], _ claim: StreamClaim, at head: StreamHead) async throws -> StreamHead? {
        guard !lost.isEmpty else { return head }
        await trying { try await $0.retract(to: head.sequence) }
        let request = AppendRequest(
            stream: stream, epoch: claim.epoch, nonce: claim.nonce, firstSequence: head.sequence + 1, previousDigest: head.digest,
            entries: lost.map { LogEntry(EventEnvelope(.entriesLost($0), at: SystemClocks.wall())) })
        guard case .stored(let reached, _) = try await append(request) else { return nil }
        for range in lost { tell("entries are lost for good: the log is told", ["first": "\(range.first)", "last": "\(range.last)"]) }
        return reached
    }

    /// Brings the spool to the log's head: takes back what did not get there, and copies what others wrote.
    private func copy(to head: StreamHead) async {
        await trying(isProof: true) { spool in
            var end = try await spool.contents().head ?? StreamHead(sequence: 0, digest: self.chain.genesis(of: self.stream))
            if end.sequence > head.sequence || (end.sequence == head.sequence && end.digest != head.digest) {
                // Never acknowledged, and not on the log: it has not happened.
                let known = try await spool.digest(at: head.sequence)
                end = head
                if known == head.digest { try await spool.retract(to: head.sequence) } else { try await spool.restart(at: head) }
            }
            end = try await self.begin(spool, at: end, head)
            try await self.copyForward(spool, from: end, through: head.sequence)
        }
    }

    /// Copies what the log holds behind the spool's end.
    private func copyForward(_ spool: SQLiteSpool, from start: StreamHead, through last: Int64) async throws {
        var end = start
        while end.sequence < last {
            let batch = try await stored(end.sequence, SpooledLog.copiedPerRead).prefix { $0.sequence <= last }
            guard let next = batch.last else { break }
            if fits(batch, behind: end) {
                try await spool.append(batch.map { SpooledEntry(sequence: $0.sequence, digest: $0.digest, entry: $0.entry) })
            } else {
                // Behind a hole that was closed on the log there is no chain to prove: the copy begins behind it.
                try await spool.restart(at: StreamHead(sequence: next.sequence, digest: next.digest))
            }
            end = StreamHead(sequence: next.sequence, digest: next.digest)
        }
        try await spool.acknowledge(upTo: end.sequence, at: SystemClocks.wall())
    }

    private func fits(_ batch: ArraySlice<StoredEntry>, behind end: StreamHead) -> Bool {
        guard let first = batch.first, first.sequence == end.sequence + 1,
            chain.digest(after: end.digest, sequence: first.sequence, entry: first.entry) == first.digest
        else { return false }
        return zip(batch, batch.dropFirst()).allSatisfy { $0.sequence + 1 == $1.sequence }
    }

    // MARK: - Following

    /// Copies what others write, at this pace. Lasts until its task is cancelled.
    public func follow(every pause: Nanoseconds, on clock: some Clock<Duration>) async {
        while !Task.isCancelled {
            // Cancellation ends the wait early.
            try? await clock.sleep(for: .nanoseconds(pause.count))
            await followOnce()
        }
    }

    /// One round. It only ever goes forward from what the log acknowledged: whether the log went back is for the next opening to see, and
    /// what this part is writing at the moment is its own.
    func followOnce() async {
        guard appending == 0 else { return }
        await trying { spool in
            let contents = try await spool.contents()
            guard let digest = try await spool.digest(at: contents.acknowledged) else { return }
            let known = StreamHead(sequence: contents.acknowledged, digest: digest)
            // A database that is away is told of by those who need it.
            guard let batch = try? await self.stored(known.sequence, SpooledLog.copiedPerRead)[...], !batch.isEmpty, self.appending == 0 else { return }
            if let first = batch.first, first.sequence == known.sequence + 1, !self.fits(batch.prefix(1), behind: known) { return }
            if contents.head.map({ $0.sequence > known.sequence }) ?? false { try await spool.retract(to: known.sequence) }
            try await self.copyForward(spool, from: known, through: batch.last?.sequence ?? known.sequence)
        }
    }

    /// Where the copying begins: at the spool's end, or nearer to the head where that lies too far back.
    private func begin(_ spool: SQLiteSpool, at end: StreamHead, _ head: StreamHead) async throws -> StreamHead {
        guard head.sequence - end.sequence > SpooledLog.maximumCopied,
            let from = try await stored(head.sequence - SpooledLog.maximumCopied, 1).first
        else { return end }
        let start = StreamHead(sequence: from.sequence, digest: from.digest)
        try await spool.restart(at: start)
        return start
    }

    // MARK: - The spool

    private func setAside(_ reason: String) async {
        tell("the spool is set aside, and a new one begins", ["reason": reason])
        do {
            try await spool?.close()
            spool = nil
            _ = try SQLiteSpool.setAside(path: path)
        } catch {
            spool = nil
            tell("the spool of \(stream) could not be set aside", ["problem": "\(error)"])
        }
    }

    /// Runs `body` on the spool; nil where there is none to be had, which is told once and costs the copy only.
    /// - Parameter isProof: whether success says that the spool takes entries again: a full disk lets it be read.
    @discardableResult
    private func trying<Value: Sendable>(isProof: Bool = false, _ body: (SQLiteSpool) async throws -> Value) async -> Value? {
        do {
            if spool == nil {
                let (opened, aside) = try await SpoolAdapter.open(path: path, fresh: stream)
                if let aside { tell("the spool was damaged beyond use: it is set aside", ["kept": aside]) }
                spool = opened
            }
            guard let spool else { return nil }
            let value = try await body(spool)
            if isProof, problem != nil {
                tell("the spool of \(stream) is kept up again", [:])
                problem = nil
            }
            return value
        } catch {
            // Sequence numbers differ from attempt to attempt; the kind of failure does not.
            let kind = (error as? SpoolError).map { "\($0.code)" } ?? "\(type(of: error))"
            if problem != kind { tell("the spool of \(stream) is not kept up", ["problem": "\(error)"]) }
            problem = kind
            return nil
        }
    }
}
