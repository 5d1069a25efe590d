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
/// happened. A stream has many holders one after the other, so what others wrote meanwhile is copied from the log at each opening.
///
/// A spool that fails (disk full) is told of and never in the way: the log is the truth, the spool a copy.
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
        await trying { spool in
            var head = StreamHead(sequence: request.firstSequence - 1, digest: request.previousDigest)
            try await spool.append(
                request.entries.map { entry in
                    head = StreamHead(sequence: head.sequence + 1, digest: self.chain.digest(after: head.digest, sequence: head.sequence + 1, entry: entry))
                    return SpooledEntry(sequence: head.sequence, digest: head.digest, entry: entry)
                })
        }
        let answer = try await log.answer(.append(request))
        switch answer {
        case .stored(let head, _), .duplicate(let head, _): await acknowledge(head.sequence)
        default: break
        }
        return answer
    }

    private func acknowledge(_ sequence: Int64) async {
        await trying { try await $0.acknowledge(upTo: sequence, at: SystemClocks.wall()) }
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
        await trying { spool in
            var end = try await spool.contents().head ?? StreamHead(sequence: 0, digest: self.chain.genesis(of: self.stream))
            if end.sequence > head.sequence || (end.sequence == head.sequence && end.digest != head.digest) {
                // Never acknowledged, and not on the log: it has not happened.
                let known = try await spool.digest(at: head.sequence)
                end = head
                if known == head.digest { try await spool.retract(to: head.sequence) } else { try await spool.restart(at: head) }
            }
            end = try await self.begin(spool, at: end, head)
            while end.sequence < head.sequence {
                let batch = try await self.stored(end.sequence, SpooledLog.copiedPerRead).prefix { $0.sequence <= head.sequence }
                guard let first = batch.first, let last = batch.last else { break }
                // Behind a hole that was closed on the log there is no chain to prove: the copy begins behind it.
                let run = batch.indices.last { $0 > batch.startIndex && batch[$0].sequence != batch[$0 - 1].sequence + 1 }
                let fits = run == nil && first.sequence == end.sequence + 1
                    && self.chain.digest(after: end.digest, sequence: first.sequence, entry: first.entry) == first.digest
                if fits {
                    try await spool.append(batch.map { SpooledEntry(sequence: $0.sequence, digest: $0.digest, entry: $0.entry) })
                } else {
                    try await spool.restart(at: StreamHead(sequence: last.sequence, digest: last.digest))
                }
                end = StreamHead(sequence: last.sequence, digest: last.digest)
            }
            try await spool.acknowledge(upTo: end.sequence, at: SystemClocks.wall())
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

    /// Runs `body` on the spool; nil where there is none to be had, which is told and costs the copy only.
    @discardableResult
    private func trying<Value: Sendable>(_ body: (SQLiteSpool) async throws -> Value) async -> Value? {
        do {
            if spool == nil {
                let (opened, aside) = try await SpoolAdapter.open(path: path, fresh: stream)
                if let aside { tell("the spool was damaged beyond use: it is set aside", ["kept": aside]) }
                spool = opened
            }
            guard let spool else { return nil }
            return try await body(spool)
        } catch {
            tell("the spool of \(stream) is not kept up", ["problem": "\(error)"])
            return nil
        }
    }
}
