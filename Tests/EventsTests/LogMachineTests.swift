// Aim: the log's protocol, each answer as a sentence. Method: requests by hand against the pure machine.
import Cryptography
import Events
import Quantities
import Testing

/// A writer that knows its own chain, as a spool does.
struct HandWriter {
    let stream: StreamName
    let chain = HashChain(.libcrypto)
    var entries: [LogEntry] = []
    var digests: [Digest]
    var claim = StreamClaim(epoch: 0, nonce: 0, head: StreamHead(sequence: 0, digest: .zero))

    init(_ stream: StreamName = "plant-a/0000000a") {
        self.stream = stream
        digests = [HashChain(.libcrypto).genesis(of: stream)]
    }
    mutating func spool(_ fact: Fact) { spool(LogEntry(EventEnvelope(fact, at: WallTime(microseconds: Int64(entries.count))))) }
    mutating func spool(_ entry: LogEntry) {
        entries.append(entry)
        digests.append(chain.digest(after: digests[digests.count - 1], sequence: Int64(entries.count), entry: entry))
    }
    mutating func spool(count: Int) {
        for _ in 0..<count { spool(.processStarted(ProcessStart(role: "shipper", version: "1", manner: "fresh"))) }
    }
    /// Entries `first…last` under the claim held.
    func append(_ first: Int64, _ last: Int64) -> LogRequest {
        .append(
            AppendRequest(
                stream: stream, epoch: claim.epoch, nonce: claim.nonce, firstSequence: first, previousDigest: digests[Int(first) - 1],
                entries: Array(entries[Int(first) - 1..<Int(last)])))
    }
    /// What a spool of these entries answers from `after` to `end`, where it has forgotten a range.
    func reading(_ after: Int, _ end: Int, forgotten: ClosedRange<Int64>? = nil) -> SpoolReading {
        if let forgotten, forgotten.contains(Int64(after) + 1) {
            let hole = SpoolReading.Hole(
                last: forgotten.upperBound, digestBefore: nil, digestAfter: digests[Int(forgotten.upperBound)], cause: "forgotten")
            return SpoolReading(previousDigest: nil, entries: [], digests: [], hole: hole)
        }
        let end = forgotten.map { Int64(after) < $0.lowerBound ? min(end, Int($0.lowerBound) - 1) : end } ?? end
        return SpoolReading(previousDigest: digests[after], entries: Array(entries[after..<end]), digests: Array(digests[after + 1..<end + 1]))
    }
    /// Declares `first…last` lost under the claim held.
    func declareLost(_ first: Int64, _ last: Int64) -> LogRequest {
        .declareLost(
            LossRequest(
                stream: stream, epoch: claim.epoch, nonce: claim.nonce,
                lost: LostRange(first: first, last: last, digestBefore: digests[Int(first) - 1], digestAfter: digests[Int(last)], cause: "full"),
                at: WallTime(microseconds: 9)))
    }
    mutating func open(_ log: inout LogMachine, nonce: Int64 = 1, highestEpochSeen: Int64 = 0, term: Int64? = nil) -> LogAnswer {
        let answer = log.apply(.open(OpenRequest(stream: stream, highestEpochSeen: highestEpochSeen, term: term)), nonce: nonce)
        if case .opened(let claim, _, _) = answer { self.claim = claim }
        return answer
    }
    func head(_ sequence: Int) -> StreamHead { StreamHead(sequence: Int64(sequence), digest: digests[sequence]) }
}

extension LogMachine {
    mutating func apply(_ request: LogRequest) -> LogAnswer { apply(request, nonce: 0) }
    func stored(_ stream: StreamName) -> [LogEntry] { entries(of: stream, after: 0, limit: 1_000_000).map(\.entry) }
}

@Suite struct LogMachineTests {
    private var log = LogMachine(hash: .libcrypto)
    private var writer = HandWriter()

    private mutating func opened(spooled: Int, appended: Int64 = 0) {
        writer.spool(count: spooled)
        _ = writer.open(&log, nonce: 11)
        if appended > 0 { _ = log.apply(writer.append(1, appended)) }
    }

    @Test mutating func `a new stream opens at epoch 1 with the genesis as its head`() {
        #expect(writer.open(&log, nonce: 11) == .opened(StreamClaim(epoch: 1, nonce: 11, head: writer.head(0)), grant: nil, newest: []))
    }

    @Test mutating func `what follows the head is stored, and the head moves`() {
        opened(spooled: 5)
        #expect(log.apply(writer.append(1, 3)) == .stored(writer.head(3), grant: nil))
        #expect(log.apply(writer.append(4, 5)) == .stored(writer.head(5), grant: nil))
        #expect(log.stored(writer.stream) == writer.entries)
        #expect(log.head(of: writer.stream) == writer.head(5))
    }

    @Test mutating func `a batch that was stored before is a duplicate and changes nothing`() {
        opened(spooled: 5, appended: 5)
        for (first, last) in [(1, 5), (2, 3), (5, 5)] as [(Int64, Int64)] {
            #expect(log.apply(writer.append(first, last)) == .duplicate(writer.head(5), grant: nil))
        }
        #expect(log.stored(writer.stream) == writer.entries)
    }

    @Test mutating func `a batch that overlaps the head adds only what is new`() {
        opened(spooled: 6, appended: 3)
        #expect(log.apply(writer.append(2, 6)) == .stored(writer.head(6), grant: nil))
        #expect(log.stored(writer.stream) == writer.entries)
    }

    @Test mutating func `something else at a number that is taken is a conflict, never silent, and writes nothing`() {
        opened(spooled: 3, appended: 3)
        let kept = log.stored(writer.stream)
        var other = HandWriter()
        other.claim = writer.claim
        other.spool(count: 1)
        other.spool(.grantExpired(GrantVersion(term: 9, version: 9)))
        other.spool(count: 3)
        #expect(log.apply(other.append(1, 5)) == .conflict(at: 2))
        #expect(log.apply(other.append(3, 5)) == .conflict(at: 2), "the digest before the batch is not the log's")
        #expect(log.apply(other.append(4, 5)) == .conflict(at: 3))
        #expect(log.stored(writer.stream) == kept)
    }

    @Test mutating func `a gap is out of order, with what is expected, and writes nothing`() {
        opened(spooled: 5, appended: 2)
        #expect(log.apply(writer.append(4, 5)) == .outOfOrder(expected: 3))
        #expect(log.head(of: writer.stream) == writer.head(2))
    }

    @Test mutating func `a newer claim fences the older one`() {
        opened(spooled: 4, appended: 2)
        let old = writer
        _ = writer.open(&log, nonce: 12)
        #expect(writer.claim.epoch == 2)
        #expect(log.apply(old.append(3, 4)) == .fenced(currentEpoch: 2))
        #expect(log.head(of: writer.stream) == writer.head(2))
        #expect(log.apply(writer.append(3, 4)) == .stored(writer.head(4), grant: nil))
    }

    @Test mutating func `an open that knows a higher epoch than the log goes above it`() {
        _ = writer.open(&log, highestEpochSeen: 41)
        #expect(writer.claim.epoch == 42)
    }

    @Test mutating func `an epoch far above the stream's own, and a name without bound, open nothing`() {
        opened(spooled: 1)
        let lead = OpenRequest.maximumLead
        #expect(writer.open(&log, highestEpochSeen: .max) == .refused(.absurdEpoch))
        #expect(writer.open(&log, highestEpochSeen: 1 + lead + 1) == .refused(.absurdEpoch))
        guard case .opened(let claim, _, _) = writer.open(&log, highestEpochSeen: 1 + lead) else {
            Issue.record("the largest step was refused")
            return
        }
        #expect(claim.epoch == lead + 2)
        var nameless = HandWriter(StreamName("plant-a/" + String(repeating: "s", count: StreamName.maximumBytes)))
        #expect(nameless.open(&log) == .refused(.nameTooLong))
        #expect(log.streamNames == [writer.stream])
    }

    @Test mutating func `a claim with the right epoch and another nonce is fenced`() {
        opened(spooled: 2)
        writer.claim.nonce = 99
        #expect(log.apply(writer.append(1, 2)) == .fenced(currentEpoch: 1))
    }

    @Test mutating func `after a restore to before the claim the head has moved back, and sending again heals it`() {
        opened(spooled: 6, appended: 6)
        _ = writer.open(&log, nonce: 12)
        log.restore(writer.stream, to: 4, epoch: 1, nonce: 11)
        #expect(log.apply(writer.append(5, 6)) == .headMovedBack(writer.head(4)))
        _ = writer.open(&log, nonce: 13, highestEpochSeen: 2)
        #expect(writer.claim == StreamClaim(epoch: 3, nonce: 13, head: writer.head(4)))
        #expect(log.apply(writer.append(5, 6)) == .stored(writer.head(6), grant: nil))
    }

    @Test mutating func `after a restore within one epoch the entries that vanished are asked for`() {
        opened(spooled: 6, appended: 4)
        log.restore(writer.stream, to: 2, epoch: writer.claim.epoch, nonce: writer.claim.nonce)
        #expect(log.apply(writer.append(5, 6)) == .outOfOrder(expected: 3))
    }

    @Test mutating func `an older term does not open a central stream, and the same one may again`() {
        var coordinator = HandWriter(.coordinator)
        _ = coordinator.open(&log, term: 5)
        #expect(coordinator.claim.epoch == 5)
        #expect(coordinator.open(&log, term: 4) == .refused(.staleTerm))
        #expect(coordinator.open(&log, nonce: 2, highestEpochSeen: 6, term: 5) == .refused(.staleTerm))
        _ = coordinator.open(&log, nonce: 3, term: 5)
        #expect(coordinator.claim.nonce == 3)
    }

    @Test mutating func `a zombie of an older term writes nothing`() {
        var zombie = HandWriter(.coordinator)
        _ = zombie.open(&log, nonce: 1, term: 5)
        var successor = zombie
        _ = successor.open(&log, nonce: 2, term: 6)
        zombie.spool(count: 1)
        #expect(log.apply(zombie.append(1, 1)) == .fenced(currentEpoch: 6))
        #expect(log.stored(.coordinator).isEmpty)
    }

    @Test mutating func `requests that are wrong in themselves are refused`() {
        writer.spool(count: 1)
        #expect(log.apply(writer.append(1, 1)) == .refused(.unknownStream))
        _ = writer.open(&log)
        func request(_ entries: [LogEntry], first: Int64 = 1) -> LogRequest {
            .append(
                AppendRequest(
                    stream: writer.stream, epoch: writer.claim.epoch, nonce: writer.claim.nonce, firstSequence: first,
                    previousDigest: writer.digests[0], entries: entries))
        }
        #expect(log.apply(request([])) == .refused(.emptyBatch))
        #expect(log.apply(request(Array(repeating: writer.entries[0], count: AppendRequest.maximumEntries + 1))) == .refused(.batchTooLarge))
        let large = LogEntry.event(recordBytes: [UInt8](repeating: 0, count: AppendRequest.maximumBytes + 1))
        #expect(log.apply(request([large])) == .refused(.batchTooLarge))
        func event(of bytes: Int) -> LogEntry {
            let empty = EventEnvelope(kind: "process_started", version: 1, at: WallTime(microseconds: 1), body: "").recordBytes().count
            return LogEntry(EventEnvelope(kind: "process_started", version: 1, at: WallTime(microseconds: 1), body: String(repeating: "x", count: bytes - empty)))
        }
        #expect(log.apply(request([event(of: AppendRequest.maximumEntryBytesOfCluster + 1)])) == .refused(.entryTooLarge))
        #expect(log.apply(request([writer.entries[0], .tick(recordBytes: [1, 2, 3])])) == .refused(.malformedEntry))
        for (kind, version, body, refusal) in [
            ("of_a_later_schema", Int16(1), "{}", LogRefusal.unknownKind), ("process_started", 2, "{}", .futureVersion),
            ("process_started", 0, "{}", .malformedEntry), ("process_started", 1, #"{"n":NaN}"#, .malformedEntry),
        ] {
            let event = LogEntry(EventEnvelope(kind: kind, version: version, at: WallTime(microseconds: 1), body: body))
            #expect(log.apply(request([writer.entries[0], event])) == .refused(refusal))
        }
        #expect(log.apply(request(writer.entries, first: 0)) == .outOfOrder(expected: 1))
        #expect(log.stored(writer.stream).isEmpty)
    }

    @Test mutating func `the newest grant of a cluster comes with every answer to its spools, and to no other`() throws {
        var coordinator = HandWriter(.coordinator)
        _ = coordinator.open(&log, term: 3)
        func grant(_ cluster: ClusterID, _ version: Int64) -> Grant {
            Grant(
                cluster: cluster, version: GrantVersion(term: 3, version: version), timeToLive: .seconds(30),
                rates: [.init(workload: "w", rate: .megabits(version))], foldedThrough: nil)
        }
        for fact in [grant("plant-a", 1), grant("plant-a", 3), grant("plant-a", 2), grant("plant-b", 9)] { coordinator.spool(.grantIssued(fact)) }
        _ = log.apply(coordinator.append(1, 4))
        #expect(log.grants == ["plant-a": grant("plant-a", 3), "plant-b": grant("plant-b", 9)])

        writer.spool(count: 1)
        #expect(writer.open(&log) == .opened(writer.claim, grant: grant("plant-a", 3), newest: []))
        #expect(log.apply(writer.append(1, 1)) == .stored(writer.head(1), grant: grant("plant-a", 3)))
        #expect(log.apply(writer.append(1, 1)) == .duplicate(writer.head(1), grant: grant("plant-a", 3)))
        var third = HandWriter("plant-c/0000000c")
        #expect(third.open(&log) == .opened(third.claim, grant: nil, newest: []))
    }

    @Test mutating func `a grant that a shipper writes is no grant`() {
        let forged = Grant(cluster: "plant-a", version: GrantVersion(term: 99, version: 1), timeToLive: .seconds(30), rates: [], foldedThrough: nil)
        _ = writer.open(&log)
        writer.spool(.grantIssued(forged))
        _ = log.apply(writer.append(1, 1))
        #expect(log.grants.isEmpty)
    }

    @Test mutating func `a new spool of a cluster is told the last tick of any of its spools, all rows of it`() {
        func tick(_ number: Int64, _ ordinal: Int16) -> Tick {
            Tick(number: number, ordinal: ordinal, at: WallTime(microseconds: number), intervalMilliseconds: 5_000, rosterSequence: 1)
        }
        _ = writer.open(&log)
        let ticks = [tick(1, 0), tick(1, 1), tick(2, 0), tick(2, 1), tick(2, 2)]
        for tick in ticks { writer.spool(LogEntry(tick)) }
        writer.spool(count: 1)
        _ = log.apply(writer.append(1, 3))
        _ = log.apply(writer.append(2, 6))
        let newest = (3...5).map { PositionedTick(position: LogPosition(stream: writer.stream, sequence: Int64($0)), tick: ticks[$0 - 1]) }
        var replica = HandWriter("plant-a/0000000b")
        #expect(replica.open(&log) == .opened(replica.claim, grant: nil, newest: newest))
        var stranger = HandWriter("plant-b/0000000c")
        #expect(stranger.open(&log) == .opened(stranger.claim, grant: nil, newest: []))
    }

    @Test mutating func `a reader sees entries in order, from where it stands, as many as it asks for`() {
        opened(spooled: 10, appended: 10)
        #expect(log.entries(of: writer.stream, after: 3, limit: 4).map(\.sequence) == [4, 5, 6, 7])
        #expect(log.entries(of: writer.stream, after: 3, limit: 4).map(\.entry) == Array(writer.entries[3..<7]))
        #expect(log.entries(of: writer.stream, after: 8, limit: 100).count == 2)
        #expect(log.entries(of: writer.stream, after: 10, limit: 100).isEmpty)
        #expect(log.entries(of: "nobody", after: 0, limit: 100).isEmpty)
        #expect(log.streamNames == [writer.stream])
    }

    @Test mutating func `a hole at the head is closed, and the chain goes on over it`() {
        opened(spooled: 9, appended: 3)
        #expect(log.apply(writer.declareLost(4, 6)) == .stored(writer.head(6), grant: nil))
        #expect(log.apply(writer.declareLost(4, 6)) == .duplicate(writer.head(6), grant: nil))
        #expect(log.apply(writer.append(7, 9)) == .stored(writer.head(9), grant: nil))
        #expect(log.entries(of: writer.stream, after: 0, limit: 100).map(\.sequence) == [1, 2, 3, 6, 7, 8, 9])
        #expect(log.entries(of: writer.stream, after: 3, limit: 1).first.map { $0.entry } == closingRecord(4, 6))
    }

    @Test mutating func `a loss is taken at the head only, with the digest that stands there, and from the holder of the claim`() {
        opened(spooled: 9, appended: 3)
        #expect(log.apply(writer.declareLost(5, 6)) == .outOfOrder(expected: 4))
        #expect(log.apply(writer.declareLost(3, 6)) == .outOfOrder(expected: 4))
        #expect(log.apply(writer.declareLost(2, 3)) == .duplicate(writer.head(3), grant: nil), "what is there is not lost")
        var forged = writer
        forged.digests[3] = .zero
        #expect(log.apply(forged.declareLost(4, 6)) == .conflict(at: 3))
        forged.claim.nonce += 1
        #expect(log.apply(forged.declareLost(4, 6)) == .fenced(currentEpoch: writer.claim.epoch))
        #expect(log.head(of: writer.stream) == writer.head(3))
    }

    private func closingRecord(_ first: Int64, _ last: Int64) -> LogEntry? {
        guard case .declareLost(let request) = writer.declareLost(first, last) else { return nil }
        return request.closingRecord
    }
}
