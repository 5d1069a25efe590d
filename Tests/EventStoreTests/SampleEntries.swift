import Events
import Quantities

/// Random entries from a seed, every field of the codec in play.
struct SampleEntries {
    var random: SplitMix

    init(seed: UInt64) { random = SplitMix(seed: seed) }

    mutating func chance(_ oneIn: Int) -> Bool { Int.random(in: 0..<oneIn, using: &random) == 0 }
    mutating func number(_ range: ClosedRange<Int64>) -> Int64 { Int64.random(in: range, using: &random) }

    private mutating func delay() -> Delay? { chance(4) ? nil : Delay(hundredNanoseconds: Int32(number(0...Int64(Int32.max)))) }
    private mutating func rate() -> BitRate? { chance(4) ? nil : BitRate(bitsPerSecond: number(0...1_000_000_000_000_000)) }

    mutating func tick(number tickNumber: Int64? = nil, ordinal: Int16? = nil) -> Tick {
        Tick(
            number: tickNumber ?? number(1...3), ordinal: ordinal ?? Int16(number(0...2)),
            at: WallTime(microseconds: number(1_700_000_000_000_000...1_900_000_000_000_000)),
            intervalMilliseconds: Int32(number(1...60_000)), rosterSequence: number(1...9), leaseTransitions: Int32(number(0...5)),
            isLeader: chance(2), grant: chance(2) ? nil : GrantVersion(term: number(1...9), version: number(1...9)),
            flows: (0..<number(0...4)).map { _ in flow() }, workloads: (0..<number(0...3)).map { _ in workload() },
            decision: chance(4) ? nil : decision())
    }

    private mutating func flow() -> FlowSample {
        FlowSample(
            quality: SampleQuality.allCases.randomElement(using: &random)!, count: Int32(number(0...200)), lost: Int32(number(0...200)),
            windowMilliseconds: Int32(number(0...5000)), ageMilliseconds: chance(3) ? nil : Int32(number(0...5000)), base: delay(),
            p50: delay(), p95: delay(), p99: delay(), max: delay(), windowVariationP95: delay(), interPacketVariationP95: delay(),
            interarrivalJitter: delay(), roundTripP50: delay())
    }

    private mutating func workload() -> WorkloadUse {
        WorkloadUse(
            used: rate(), quality: UseQuality.allCases.randomElement(using: &random)!,
            offered: OfferedLoad.allCases.randomElement(using: &random)!, applied: rate(), desired: rate(), replicas: Int16(number(0...9)))
    }

    private mutating func decision() -> LoopDecision {
        LoopDecision(
            link: Int16(number(0...3)), law: Int16(number(0...1)), isShadow: chance(3),
            stateBefore: (0..<number(0...256)).map { _ in UInt8(number(0...255)) },
            input: LoopInput(
                flow: chance(3) ? nil : Int16(number(0...3)), quality: SampleQuality.allCases.randomElement(using: &random)!,
                count: Int32(number(0...200)), raw: delay(), ageMilliseconds: chance(3) ? nil : Int32(number(0...5000)),
                lossPartsPerMillion: chance(3) ? nil : Int32(number(0...1_000_000)), target: .microseconds(1000), bound: .microseconds(2000),
                elapsedMilliseconds: Int32(number(0...6000)), used: rate(), applied: rate(), floor: .megabits(10),
                ceiling: .megabits(1000), grant: rate(), evidence: LoopEvidence(rawValue: Int16(number(0...1023)))),
            outcome: LoopOutcome(
                action: LoopAction.allCases.randomElement(using: &random)!, reason: DecisionReason.allCases.randomElement(using: &random)!,
                smoothed: delay(), lowerThreshold: .microseconds(800), upperThreshold: .microseconds(1200), proposed: rate(),
                afterFlapBudget: rate(), afterCooldown: rate(), afterClamp: rate(), desired: rate(), requested: rate(), sufferedAt: rate(),
                counterfactual: delay(), counterfactualAction: chance(2) ? nil : .hold))
    }

    mutating func grant(cluster: ClusterID) -> Grant {
        Grant(
            cluster: cluster, version: GrantVersion(term: number(1...4), version: number(1...4)), timeToLive: .seconds(number(1...60)),
            rates: (0..<number(0...3)).map { Grant.Rate(workload: WorkloadID("w\($0)"), rate: .megabits(number(1...1000))) },
            foldedThrough: chance(2) ? nil : LogPosition(stream: StreamName(cluster: cluster, spool: "s1"), sequence: number(1...99)))
    }

    /// A roster, a grant, an alert, or something of another shape.
    mutating func event(clusters: [ClusterID]) -> EventEnvelope {
        let at = WallTime(microseconds: number(1_700_000_000_000_000...1_900_000_000_000_000))
        let cluster = clusters.randomElement(using: &random)!
        switch number(0...5) {
        case 0, 1, 2: return EventEnvelope(.grantIssued(grant(cluster: cluster)), at: at)
        case 3: return EventEnvelope(kind: "grant_issued", version: 1, at: at, body: #"{"cluster":"\#(cluster)","term":9,"version":"x"}"#)
        case 4: return EventEnvelope(.rosterDeclared(SampleEntries.roster(cluster)), at: at)
        default:
            return EventEnvelope(
                .alertChanged(AlertChange(fingerprint: "f\(number(1...3))", rule: "r", state: .firing, labels: ["cluster": cluster.text], summary: "s")), at: at)
        }
    }

    mutating func entry(clusters: [ClusterID]) -> LogEntry {
        chance(4) ? LogEntry(flawedEvent()) : chance(3) ? LogEntry(event(clusters: clusters)) : LogEntry(tick())
    }

    /// Of a kind or a version that nobody knows, or with a body that nobody can read.
    private mutating func flawedEvent() -> EventEnvelope {
        let at = WallTime(microseconds: number(1_700_000_000_000_000...1_900_000_000_000_000))
        switch number(0...2) {
        case 0: return EventEnvelope(kind: ["from_the_future", ""].randomElement(using: &random)!, version: 1, at: at, body: "{}")
        case 1: return EventEnvelope(kind: "process_started", version: [2, .max, 0, .min].randomElement(using: &random)!, at: at, body: "{}")
        default:
            let bodies = ["no JSON \"→ 漢\\u0000", #"{"effective_bps":NaN}"#, "", #"{"role":"shipper""#, #"{"role":"shipper"}}"#, "Infinity"]
            return EventEnvelope(kind: "process_started", version: 1, at: at, body: bodies.randomElement(using: &random)!)
        }
    }

    /// One that the stream may tell: in a cluster's, two of three are ticks.
    mutating func entry(clusters: [ClusterID], admittedIn stream: StreamName) -> LogEntry {
        if stream.cluster != nil && !chance(3) { return LogEntry(tick()) }
        var event = event(clusters: clusters)
        while !stream.admits(.event(event)) { event = self.event(clusters: clusters) }
        return LogEntry(event)
    }

    /// Bytes that are no entry: torn, longer than they say, of another kind.
    mutating func malformed() -> LogEntry {
        let bytes = tick().recordBytes()
        switch number(0...3) {
        case 0: return .tick(recordBytes: Array(bytes.dropLast(Int(number(1...20)))))
        case 1: return .tick(recordBytes: bytes + [0])
        case 2: return .event(recordBytes: bytes)
        default: return .tick(recordBytes: [])
        }
    }

    static func roster(_ cluster: ClusterID) -> Roster {
        Roster(
            cluster: cluster, configuration: .zero, mode: "enforce",
            flows: ["robot-control", "safety-scanner"].map {
                Roster.Flow(
                    id: FlowID($0), vantage: "node-1", source: "probe", serviceLevel: "robot", target: .microseconds(1000),
                    bound: .microseconds(1500), links: ["wan"])
            },
            workloads: [Roster.Workload(id: "telemetry", floor: .megabits(10), ceiling: .megabits(1000), links: ["wan"])],
            links: ["wan", "lan"], laws: [Roster.Law(name: "plateau@1", parameters: "step=10"), Roster.Law(name: "fixed-step@1", parameters: "")])
    }
}
