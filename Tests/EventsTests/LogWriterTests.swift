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
                actions += writer.read(Array(hand.entries[Int(after)..<end]), first: after + 1, now: now)
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
        let actions = writer.read(Array(hand.entries[1...]), first: 2, now: later)
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
        _ = writer.read(Array(hand.entries[1...]), first: 2, now: later)
        let grant = Grant(cluster: "plant-a", version: GrantVersion(term: 1, version: 1), timeToLive: .seconds(9), rates: [], foldedThrough: nil)
        let fetched = writer.answered(.stored(hand.head(3), grant: grant), now: MonotonicTime(nanoseconds: 9_000_000)).grant
        #expect(fetched?.0 == grant && fetched?.sentAt == later)
    }

    @Test func `a conflict and a log that holds more than the spool halt the writer with a reason`() {
        var (writer, hand) = claimed()
        _ = writer.read(Array(hand.entries[1...]), first: 2, now: later)
        _ = writer.answered(.conflict(at: 2), now: later)
        #expect(writer.standing == .halted && writer.haltReason?.contains("plant-a/0000000a/2") == true)
        #expect(writer.proceed(MonotonicTime(nanoseconds: 1 << 50)) == [])

        var behind = LogWriter(stream: hand.stream, spooled: hand.head(1), acknowledged: 0, highestEpochSeen: 0, seed: 1)
        _ = behind.proceed(later)
        _ = behind.answered(.opened(StreamClaim(epoch: 1, nonce: 1, head: hand.head(3)), grant: nil, newest: []), now: later)
        #expect(behind.haltReason?.contains("3 entries") == true)
    }

    @Test func `a fenced writer waits, longer each time and within the bounds, and goes above the epoch it was told`() {
        var (writer, hand) = claimed()
        var now = later
        var waits: [Int64] = []
        _ = writer.read(Array(hand.entries[1...]), first: 2, now: now)
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
        guard case .send(.append(let request))? = writer.read(hand.entries, first: 1, now: later).first else {
            Issue.record("nothing was sent")
            return
        }
        #expect(request.entries.count == AppendRequest.maximumBytes / 10_000)
    }
}
