public import Events
public import Quantities

/// One stream that is written as a shipper would: a roster first, then ticks and facts under one run of sequence numbers. The log
/// stores each entry 20 ms after its own time.
public struct SampleStream: Sendable {
    public let name: StreamName
    public private(set) var records: [LogRecord] = []

    public init(_ name: StreamName) { self.name = name }
    public init(_ name: StreamName, roster: Roster, at: WallTime) {
        self.init(name)
        fact(.rosterDeclared(roster), at: at)
    }

    public mutating func fact(_ fact: Fact, at: WallTime) { append(.event(EventEnvelope(fact, at: at)), at) }
    public mutating func tick(_ tick: SampleTick) { append(.tick(tick.tick), tick.at) }

    private mutating func append(_ entry: DecodedEntry, _ at: WallTime) {
        records.append(
            LogRecord(
                position: LogPosition(stream: name, sequence: Int64(records.count) + 1), entry: entry,
                receivedAt: at + .milliseconds(20)))
    }
}

/// A tick in few words: one steering flow, one calm flow, two workloads, one loop. Rates in Mbit/s, delays in microseconds.
public struct SampleTick: Sendable {
    public var number: Int64
    public var at: WallTime
    public var quality: SampleQuality
    public var microseconds: Int32
    public var before: Int64
    public var after: Int64
    public var used: Int64?
    public var action: LoopAction
    public var reason: DecisionReason

    public init(
        number: Int64, at: WallTime, quality: SampleQuality, microseconds: Int32, before: Int64, after: Int64, used: Int64?,
        action: LoopAction, reason: DecisionReason
    ) {
        self.number = number
        self.at = at
        self.quality = quality
        self.microseconds = microseconds
        self.before = before
        self.after = after
        self.used = used
        self.action = action
        self.reason = reason
    }

    public var tick: Tick {
        let delay = quality.hasValue ? Delay.microseconds(microseconds) : nil
        let robot = FlowSample(
            quality: quality, count: quality == .measured ? 98 : quality == .partial ? 21 : 0, lost: quality.hasValue ? 2 : 100,
            windowMilliseconds: 5_000, ageMilliseconds: quality.hasValue ? 40 : 5_040, base: .microseconds(310),
            p50: delay?.scaled(thousandths: 400), p95: delay, p99: delay?.scaled(thousandths: 1_300), max: delay?.scaled(thousandths: 1_600))
        let scanner = FlowSample(
            quality: .measured, count: 99, lost: 0, windowMilliseconds: 5_000, ageMilliseconds: 55, base: .microseconds(420),
            p50: .microseconds(200), p95: .microseconds(640), p99: .microseconds(900), max: .microseconds(1_200))
        func use(_ share: Int64) -> WorkloadUse {
            WorkloadUse(
                used: used.map { .megabits($0 * share / 10) }, quality: used == nil ? .failed : .measured,
                offered: used.map { $0 * 100 >= before * 85 } == true ? .atLimit : .belowLimit, applied: .megabits(before * share / 10),
                desired: .megabits(after * share / 10), replicas: 2)
        }
        return Tick(
            number: number, at: at, intervalMilliseconds: 5_000, rosterSequence: 1, leaseTransitions: 3,
            grant: GrantVersion(term: 4, version: 17), flows: [robot, scanner], workloads: [use(9), use(1)], decision: decision)
    }

    private var decision: LoopDecision {
        let raw = quality.hasValue ? Delay.microseconds(microseconds) : nil
        let input = LoopInput(
            flow: 0, quality: quality, count: quality.hasValue ? 98 : 0, raw: raw, ageMilliseconds: quality.hasValue ? 40 : 5_040,
            lossPartsPerMillion: quality.hasValue ? 20_000 : 1_000_000, target: .microseconds(1_000), bound: .microseconds(1_500),
            elapsedMilliseconds: 5_000, used: used.map { .megabits($0) }, applied: .megabits(before), floor: .megabits(20),
            ceiling: .megabits(2_000), grant: .megabits(190), evidence: evidence)
        let rate = BitRate.megabits(after)
        let outcome = LoopOutcome(
            action: action, reason: reason, smoothed: raw?.scaled(thousandths: 712), lowerThreshold: .microseconds(800),
            upperThreshold: .microseconds(1_200), proposed: rate, afterFlapBudget: rate, afterCooldown: rate, afterClamp: rate,
            desired: rate, sufferedAt: reason == .brakedAboveBound ? used.map { .megabits($0) } : nil,
            counterfactual: raw == nil ? nil : .microseconds(action == .decrease ? 1_200 : 1_500),
            counterfactualAction: raw == nil ? nil : action == .decrease ? .hold : .decrease)
        return LoopDecision(link: 0, law: 0, stateBefore: [1, 0, 42, 7], input: input, outcome: outcome)
    }

    private var evidence: LoopEvidence {
        let known: LoopEvidence = [.freshSinceDecrease, .freshSinceChange, .confirmed, .baseProven]
        return reason == .observing ? known : known.union(.mayAct)
    }
}

extension Roster {
    /// The mission's flows and workloads on one link.
    public static func plant(_ cluster: String, mode: String) -> Roster {
        Roster(
            cluster: ClusterID(cluster), configuration: .zero, mode: mode,
            flows: [
                .init(id: "robot-control", vantage: "cell-1", source: "probe", serviceLevel: "robot-control",
                      target: .microseconds(1_000), bound: .microseconds(1_500), links: ["wan-a"]),
                .init(id: "safety-scanner", vantage: "cell-1", source: "probe", serviceLevel: "safety-scanner",
                      target: .microseconds(1_400), bound: .microseconds(2_000), links: ["wan-a"]),
            ],
            workloads: [
                .init(id: "telemetry-upload", floor: .megabits(10), ceiling: .megabits(1_000), links: ["wan-a"]),
                .init(id: "erp-dashboard", floor: .megabits(10), ceiling: .megabits(1_000), links: ["wan-a"]),
            ],
            links: ["wan-a"],
            laws: [.init(name: "plateau@1", parameters: "alpha_ppt=300;cooldown_ms=10000;deadband_ppt=200;step_down_mbit=50")])
    }
}
