// Aim: each stream holds what is its own to tell, and nothing of an absurd time. Method: every kind in every stream.
import Cryptography
import Events
import Quantities
import Testing

@Suite struct ProducerTests {
    private let streams: [(stream: StreamName, producer: Producer)] = [
        ("plant-a/0000000a", .shipper), (.coordinator, .coordinator), (.alerter, .alerter), (.operator, .operator), (.checkpoint, .checkpoint),
    ]

    @Test func `a stream's name tells its producer, and one that is nobody's has none`() {
        for (stream, producer) in streams { #expect(stream.producer == producer) }
        #expect(StreamName("shipper").producer == nil && StreamName("somebody").producer == nil)
    }

    @Test func `what the centre decides stands in the centre's streams alone`() {
        let central: [(String, Producer)] = [
            ("grant_issued", .coordinator), ("capacity_estimated", .coordinator), ("allocation_decided", .coordinator), ("alert_changed", .alerter),
            ("notification_settled", .alerter), ("capacity_overridden", .operator), (Checkpoint.kind, .checkpoint),
        ]
        for (kind, teller) in central {
            for (stream, producer) in streams { #expect(Producer.mayTell(kind, in: stream) == (producer == teller), "\(kind) in \(stream)") }
        }
    }

    @Test func `every fact has a stream that may tell it, and one of nobody's may tell none that is reserved`() {
        for fact in FactSamples.full {
            #expect(streams.contains { Producer.mayTell(fact.kind, in: $0.stream) }, "\(fact.kind)")
            #expect(Producer.mayTell(fact.kind, in: "somebody") == !Producer.reservedKinds.contains(fact.kind))
        }
        // Whatever keeps a spool tells of itself.
        for kind in ["entries_lost", "spool_set_aside", "process_started", "of_a_later_version"] {
            for (stream, _) in streams { #expect(Producer.mayTell(kind, in: stream)) }
        }
    }

    private func refusal(_ entry: LogEntry, in stream: StreamName) -> LogAnswer {
        var log = LogMachine(hash: .libcrypto)
        var writer = HandWriter(stream)
        _ = writer.open(&log)
        writer.spool(entry)
        return log.apply(writer.append(1, 1))
    }
    private func grant(at time: WallTime = WallTime(microseconds: 1)) -> LogEntry {
        LogEntry(
            EventEnvelope(
                .grantIssued(Grant(cluster: "plant-a", version: GrantVersion(term: 9, version: 1), timeToLive: .seconds(30), rates: [], foldedThrough: nil)),
                at: time))
    }

    @Test func `a grant in a shipper's stream and a tick in the coordinator's are refused, and answered to nobody`() {
        #expect(refusal(grant(), in: "plant-a/0000000a") == .refused(.foreignKind))
        #expect(refusal(LogEntry(Tick(number: 1, at: WallTime(microseconds: 1), intervalMilliseconds: 1, rosterSequence: 1)), in: .coordinator) == .refused(.foreignKind))
        guard case .stored = refusal(grant(), in: .coordinator) else {
            Issue.record("the coordinator's own grant was not stored")
            return
        }
    }

    @Test(arguments: [Int64.min, -1, 9_000_000_000_000_001, .max])
    func `an absurd time is refused, and the ends of what is taken are not`(microseconds: Int64) {
        let time = WallTime(microseconds: microseconds)
        #expect(refusal(grant(at: time), in: .coordinator) == .refused(.absurdTime))
        let tick = Tick(number: 1, at: time, intervalMilliseconds: 1, rosterSequence: 1)
        #expect(refusal(LogEntry(tick), in: "plant-a/0000000a") == .refused(.absurdTime))
        guard case .stored = refusal(grant(at: time.madePlausible), in: .coordinator) else {
            Issue.record("an end of what is taken was refused")
            return
        }
    }

    @Test func `every refusal has its sentence`() {
        #expect(Set(LogRefusal.allCases.map(\.sentence)).count == LogRefusal.allCases.count)
    }

    @Test func `a writer whose entry is refused as such declares that one lost and goes on`() {
        var log = LogMachine(hash: .libcrypto)
        var hand = HandWriter()
        hand.spool(count: 1)
        hand.spool(grant())
        hand.spool(count: 1)
        var writer = LogWriter(stream: hand.stream, spooled: hand.head(3), acknowledged: 0, highestEpochSeen: 0, seed: 1)
        var actions = writer.proceed(MonotonicTime(nanoseconds: 0))
        var declared: [LostRange] = []
        for _ in 0..<40 where !actions.isEmpty {
            let action = actions.removeFirst()
            let now = MonotonicTime(nanoseconds: 0)
            switch action {
            case .send(let request): actions += writer.answered(log.apply(request), now: now).actions
            case .read(let after): actions += writer.read(hand.reading(Int(after), 3), now: now)
            case .declare(let lost):
                declared.append(lost)
                actions += writer.declared(at: WallTime(microseconds: .max), now: now)
            case .acknowledge, .rememberEpoch, .setAside: break
            }
        }
        #expect(declared.map(\.first) == [2] && declared.map(\.last) == [2])
        #expect(log.head(of: hand.stream) == hand.head(3))
    }
}
