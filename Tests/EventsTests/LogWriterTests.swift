// Aim: whatever is lost on the way, the log ends with exactly what was spooled. Method: the writer and the machine joined by a
// network that loses requests and answers from a seed, with crashes and restores; and single answers by hand.
import Cryptography
import Events
import Quantities
import Testing

/// The driver of a writer, simulated: carries out its actions over a network that fails.
struct WriterWorld {
    enum Trouble: CaseIterable { case requestLost, answerLost, delivered }

    var log = LogMachine(hash: .libcrypto)
    var hand: HandWriter
    var writer: LogWriter
    var random: SplitMix
    var now = MonotonicTime(nanoseconds: 0)
    /// What a crash keeps.
    var epochOnDisk: Int64 = 0
    var acknowledgedOnDisk: Int64 = 0
    var troubled = true
    /// The spool no longer holds these; what was declared lost for it; why it was set aside.
    var forgotten: ClosedRange<Int64>?
    var declared: [LostRange] = []
    var asides: [String] = []

    init(seed: UInt64) {
        random = SplitMix(seed: seed)
        hand = HandWriter()
        writer = LogWriter(stream: hand.stream, spooled: hand.head(0), acknowledged: 0, highestEpochSeen: 0, seed: seed)
    }

    mutating func spool(_ count: Int) {
        hand.spool(count: count)
        writer.spoolGrew(to: hand.head(hand.entries.count))
    }

    mutating func crash() {
        writer = LogWriter(
            stream: hand.stream, spooled: hand.head(hand.entries.count), acknowledged: acknowledgedOnDisk, highestEpochSeen: epochOnDisk,
            seed: random.next())
    }

    /// One call of the driver and all that follows from it.
    mutating func turn() {
        now = max(now + .milliseconds(10), writer.wakeAt ?? now)
        var actions = writer.proceed(now)
        while !actions.isEmpty {
            switch actions.removeFirst() {
            case .read(let after):
                let end = min(hand.entries.count, Int(after) + Int.random(in: 1...7, using: &random))
                actions += writer.read(hand.reading(Int(after), end, forgotten: forgotten), now: now)
            case .declare(let lost):
                // The mention is spooled, as any entry is.
                declared.append(lost)
                hand.spool(.entriesLost(lost))
                writer.spoolGrew(to: hand.head(hand.entries.count))
                actions += writer.declared(at: WallTime(microseconds: 7), now: now)
            case .setAside(let reason): asides.append(reason)
            case .acknowledge(let sequence): acknowledgedOnDisk = sequence
            case .rememberEpoch(let epoch): epochOnDisk = epoch
            case .send(let request):
                switch troubled ? Trouble.allCases.randomElement(using: &random)! : .delivered {
                case .requestLost: writer.unreachable(now: now)
                case .answerLost:
                    _ = log.apply(request, nonce: Int64(bitPattern: random.next()))
                    writer.unreachable(now: now)
                case .delivered:
                    actions += writer.answered(log.apply(request, nonce: Int64(bitPattern: random.next())), now: now).actions
                }
            }
        }
    }
}

@Suite struct LogWriterTests {
    @Test(arguments: seeds(40)) func `whatever is lost on the way, the log ends with exactly what was spooled`(seed: UInt64) {
        var world = WriterWorld(seed: seed)
        for _ in 0..<300 {
            switch Int.random(in: 0..<10, using: &world.random) {
            case 0...2: world.spool(Int.random(in: 1...5, using: &world.random))
            case 3: world.crash()
            default: world.turn()
            }
        }
        world.troubled = false
        for _ in 0..<400 where world.writer.backlog > 0 || world.writer.standing != .writing { world.turn() }
        #expect(world.writer.backlog == 0 && world.writer.haltReason == nil)
        #expect(world.log.stored(world.hand.stream) == world.hand.entries)
        #expect(world.log.head(of: world.hand.stream) == world.hand.head(world.hand.entries.count))
        #expect(world.acknowledgedOnDisk == Int64(world.hand.entries.count))
    }

    @Test(arguments: seeds(10)) func `a restored log is filled again from the spool`(seed: UInt64) {
        var world = WriterWorld(seed: seed)
        world.troubled = false
        world.spool(30)
        for _ in 0..<40 { world.turn() }
        #expect(world.writer.backlog == 0)
        world.log.restore(world.hand.stream, to: Int64.random(in: 0..<30, using: &world.random), epoch: 0, nonce: 0)
        world.spool(5)
        for _ in 0..<60 { world.turn() }
        #expect(world.log.stored(world.hand.stream) == world.hand.entries)
    }

    @Test(arguments: seeds(20)) func `what no spool supplies any more is closed with its digests, and all around it is whole`(seed: UInt64) {
        var world = WriterWorld(seed: seed)
        let first = Int64.random(in: 1...20, using: &world.random)
        let last = Int64.random(in: first...30, using: &world.random)
        world.spool(35)
        world.forgotten = first...last
        for _ in 0..<200 { world.turn() }
        world.troubled = false
        for _ in 0..<100 where world.writer.backlog > 0 || world.writer.standing != .writing { world.turn() }
        #expect(world.asides.isEmpty)
        #expect(world.declared.count == 1 || world.declared.dropFirst().allSatisfy { $0 == world.declared[0] }, "one hole, told once unless the answer was lost")
        #expect(world.declared.first?.first == first && world.declared.first?.last == last)
        let stored = world.log.entries(of: world.hand.stream, after: 0, limit: 1_000)
        #expect(stored.map(\.sequence) == Array(1..<first) + Array(last...Int64(world.hand.entries.count)))
        for (sequence, entry) in stored where sequence != last { #expect(entry == world.hand.entries[Int(sequence) - 1]) }
        #expect(world.log.head(of: world.hand.stream) == world.hand.head(world.hand.entries.count), "the chain goes on over the hole")
    }

    @Test func `an entry that the log will never take is found by halving, declared lost, and holds up nothing`() {
        var world = WriterWorld(seed: 3)
        world.troubled = false
        world.spool(9)
        world.hand.spool(.tick(recordBytes: [1, 2, 3]))
        world.spool(9)
        for _ in 0..<100 { world.turn() }
        #expect(world.writer.backlog == 0 && world.writer.entriesLost == 1)
        #expect(world.declared.map(\.cause) == [LogWriter.refusedCause] && world.declared.first?.first == 10 && world.declared.first?.last == 10)
        #expect(world.log.entries(of: world.hand.stream, after: 0, limit: 100).count == 20)
    }

    @Test func `a spool whose chain differs from the log's is told by the log, and no fork is written`() {
        var world = WriterWorld(seed: 4)
        world.troubled = false
        world.spool(5)
        world.turn()
        world.turn()
        #expect(world.log.head(of: world.hand.stream)?.sequence == 5)
        // Another process of our name wrote other entries, and more of them than were acknowledged to us.
        var other = HandWriter()
        other.spool(count: 4)
        other.spool(.processStarted(ProcessStart(role: "shipper", version: "2", manner: "fresh")))
        world.hand = other
        world.hand.spool(count: 3)
        world.crash()
        for _ in 0..<10 { world.turn() }
        #expect(world.asides.count == 1 && world.log.head(of: world.hand.stream)?.sequence == 5)
    }

    /// A writer that has spooled 3 entries and holds a claim at the log's head 1.
    private func claimed() -> (LogWriter, HandWriter) {
        var hand = HandWriter()
        hand.spool(count: 3)
        var writer = LogWriter(stream: hand.stream, spooled: hand.head(3), acknowledged: 0, highestEpochSeen: 4, seed: 1)
        let now = MonotonicTime(nanoseconds: 0)
        #expect(writer.proceed(now) == [.send(.open(OpenRequest(stream: hand.stream, highestEpochSeen: 4)))])
        let (actions, _) = writer.answered(.opened(StreamClaim(epoch: 5, nonce: 8, head: hand.head(1)), grant: nil, newest: []), now: now)
        #expect(actions == [.rememberEpoch(5), .acknowledge(upTo: 1), .read(after: 1)])
        return (writer, hand)
    }
    private let later = MonotonicTime(nanoseconds: 1_000_000)

    @Test func `the epoch is remembered before anything is sent under it, and the batch starts at the log's head`() {
        var (writer, hand) = claimed()
        let actions = writer.read(hand.reading(1, 3), now: later)
        let request = AppendRequest(
            stream: hand.stream, epoch: 5, nonce: 8, firstSequence: 2, previousDigest: hand.digests[1], entries: Array(hand.entries[1...]))
        #expect(actions == [.send(.append(request))])
        #expect(writer.proceed(later) == [], "one batch is in flight")
        let (after, _) = writer.answered(.stored(hand.head(3), grant: nil), now: later)
        #expect(after == [.acknowledge(upTo: 3)])
        #expect(writer.backlog == 0 && writer.standing == .writing)
    }

    @Test func `a grant is counted from when its request was sent`() {
        var (writer, hand) = claimed()
        _ = writer.read(hand.reading(1, 3), now: later)
        let grant = Grant(cluster: "plant-a", version: GrantVersion(term: 1, version: 1), timeToLive: .seconds(9), rates: [], foldedThrough: nil)
        let fetched = writer.answered(.stored(hand.head(3), grant: grant), now: MonotonicTime(nanoseconds: 9_000_000)).grant
        #expect(fetched?.0 == grant && fetched?.sentAt == later)
    }

    @Test func `a conflict, and a log that holds more than the spool, set the spool aside with a reason`() {
        var (writer, hand) = claimed()
        _ = writer.read(hand.reading(1, 3), now: later)
        let (actions, _) = writer.answered(.conflict(at: 2), now: later)
        #expect(actions == [.setAside("the log holds something else at plant-a/0000000a/2")])
        #expect(writer.standing == .halted && writer.haltReason?.contains("plant-a/0000000a/2") == true)
        #expect(writer.proceed(MonotonicTime(nanoseconds: 1 << 50)) == [])

        var behind = LogWriter(stream: hand.stream, spooled: hand.head(1), acknowledged: 0, highestEpochSeen: 0, seed: 1)
        _ = behind.proceed(later)
        let ahead = behind.answered(.opened(StreamClaim(epoch: 1, nonce: 1, head: hand.head(3)), grant: nil, newest: []), now: later).actions
        #expect(behind.haltReason?.contains("3 entries") == true)
        #expect(ahead == [.setAside(behind.haltReason ?? "")])
    }

    @Test func `a spool whose epoch the log finds absurd is set aside, with a reason`() {
        var writer = LogWriter(stream: "plant-a/s", spooled: StreamHead(sequence: 0, digest: .zero), acknowledged: 0, highestEpochSeen: .max, seed: 1)
        let now = MonotonicTime(nanoseconds: 0)
        #expect(writer.proceed(now) == [.send(.open(OpenRequest(stream: "plant-a/s", highestEpochSeen: .max)))])
        #expect(writer.answered(.refused(.absurdEpoch), now: now).actions == [.setAside(LogRefusal.absurdEpoch.sentence)])
    }

    @Test func `a fenced writer waits, longer each time and within the bounds, and goes above the epoch it was told`() {
        var (writer, hand) = claimed()
        var now = later
        var waits: [Int64] = []
        _ = writer.read(hand.reading(1, 3), now: now)
        for _ in 0..<14 {
            _ = writer.answered(.fenced(currentEpoch: 9), now: now)
            #expect(writer.standing == .away && writer.proceed(now) == [])
            let wake = writer.wakeAt ?? now
            waits.append((wake - now).count)
            now = wake
            #expect(writer.proceed(now) == [.send(.open(OpenRequest(stream: hand.stream, highestEpochSeen: 9)))])
        }
        #expect(waits.allSatisfy { $0 >= LogWriter.shortestWait.count / 2 && $0 <= LogWriter.longestWait.count })
        #expect(waits[0] <= LogWriter.shortestWait.count && waits[13] >= LogWriter.longestWait.count / 2)
        #expect(writer.timesFenced == 14)
    }

    @Test(arguments: [0, 3, 20]) func `a thousand writers that lose the log in one instant come back spread over half of their wait`(failures: Int) {
        let now = MonotonicTime(nanoseconds: 0)
        let full = min(LogWriter.longestWait.count, LogWriter.shortestWait.count << Int64(failures))
        var perTenth = [Int](repeating: 0, count: 10)
        for seed in 0..<1_000 {
            var writer = LogWriter(stream: "plant-a/s", spooled: StreamHead(sequence: 1, digest: .zero), acknowledged: 0, highestEpochSeen: 0, seed: UInt64(seed))
            for _ in 0...failures { writer.unreachable(now: now) }
            guard let wake = writer.wakeAt, (full / 2...full).contains(wake.nanoseconds) else {
                Issue.record("it does not wait from half of \(full) to all of it")
                return
            }
            perTenth[min(9, Int((wake.nanoseconds - full / 2) * 10 / (full / 2)))] += 1
        }
        #expect(perTenth.allSatisfy { (60...140).contains($0) }, "\(perTenth)")
    }

    @Test func `a deposed term halts and does not come back`() {
        let hand = HandWriter(.coordinator)
        var writer = LogWriter(stream: .coordinator, spooled: hand.head(0), acknowledged: 0, highestEpochSeen: 0, term: 3, seed: 1)
        _ = writer.proceed(later)
        _ = writer.answered(.fenced(currentEpoch: 4), now: later)
        #expect(writer.standing == .halted)
    }

    @Test func `a batch is bounded in entries and in bytes`() {
        var hand = HandWriter()
        for _ in 0..<700 { hand.spool(.event(recordBytes: [UInt8](repeating: 7, count: 10_000))) }
        var writer = LogWriter(stream: hand.stream, spooled: hand.head(700), acknowledged: 0, highestEpochSeen: 0, seed: 1)
        _ = writer.proceed(later)
        _ = writer.answered(.opened(StreamClaim(epoch: 1, nonce: 1, head: hand.head(0)), grant: nil, newest: []), now: later)
        guard case .send(.append(let request))? = writer.read(hand.reading(0, 700), now: later).first else {
            Issue.record("nothing was sent")
            return
        }
        #expect(request.entries.count == AppendRequest.maximumBytes / 10_000)
    }
}
