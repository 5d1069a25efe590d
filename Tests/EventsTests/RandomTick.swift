import Events
import Quantities

/// Ticks drawn from a seed: every column takes NULL, its ends and something between.
struct RandomTick {
    var random: SplitMix
    init(seed: UInt64) { random = SplitMix(seed: seed) }

    mutating func next() -> Tick {
        var tick = Tick(
            number: int64(), ordinal: int16(), at: WallTime(microseconds: int64()), intervalMilliseconds: int32(), rosterSequence: int64(),
            leaseTransitions: int32(), isLeader: flag(), grant: flag() ? GrantVersion(term: int64(), version: int64()) : nil)
        for _ in 0..<count() { tick.flows.append(flow()) }
        for _ in 0..<count() { tick.workloads.append(workload()) }
        tick.decision = flag() ? decision() : nil
        return tick
    }

    private mutating func flow() -> FlowSample {
        FlowSample(
            quality: one(SampleQuality.allCases), count: natural32(), lost: natural32(), windowMilliseconds: int32(),
            ageMilliseconds: maybe { $0.int32() }, base: delay(), p50: delay(), p95: delay(), p99: delay(), max: delay(),
            windowVariationP95: delay(), interPacketVariationP95: delay(), interarrivalJitter: delay(), roundTripP50: delay())
    }
    private mutating func workload() -> WorkloadUse {
        WorkloadUse(
            used: rate(), quality: one(UseQuality.allCases), offered: one(OfferedLoad.allCases), applied: rate(), desired: rate(),
            replicas: int16())
    }
    private mutating func decision() -> LoopDecision {
        let state = (0..<Int.random(in: 0...LoopDecision.maximumStateBytes, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
        let input = LoopInput(
            flow: maybe { $0.int16() }, quality: one(SampleQuality.allCases), count: int32(), raw: delay(), ageMilliseconds: maybe { $0.int32() },
            lossPartsPerMillion: maybe { $0.int32() }, target: delay() ?? .zero, bound: delay() ?? .zero, elapsedMilliseconds: int32(),
            used: rate(), applied: rate(), floor: rate() ?? .zero, ceiling: rate() ?? .zero, grant: rate(), evidence: LoopEvidence(rawValue: int16()))
        let outcome = LoopOutcome(
            action: one(LoopAction.allCases), reason: one(DecisionReason.allCases), smoothed: delay(), lowerThreshold: delay() ?? .zero,
            upperThreshold: delay() ?? .zero, proposed: rate(), afterFlapBudget: rate(), afterCooldown: rate(), afterClamp: rate(),
            desired: rate(), requested: rate(), sufferedAt: rate(), counterfactual: delay(),
            counterfactualAction: maybe { $0.one(LoopAction.allCases) })
        return LoopDecision(link: int16(), law: int16(), isShadow: flag(), stateBefore: state, input: input, outcome: outcome)
    }

    private mutating func flag() -> Bool { Bool.random(using: &random) }
    private mutating func count() -> Int { [0, 1, 2, 20].randomElement(using: &random)! }
    private mutating func one<Value>(_ values: [Value]) -> Value { values.randomElement(using: &random)! }
    private mutating func maybe<Value>(_ make: (inout RandomTick) -> Value) -> Value? { flag() ? make(&self) : nil }
    private mutating func int16() -> Int16 { flag() ? one([.min, -1, 0, 1, .max]) : Int16.random(in: .min ... .max, using: &random) }
    private mutating func int32() -> Int32 { flag() ? one([.min, -1, 0, 1, .max]) : Int32.random(in: .min ... .max, using: &random) }
    private mutating func int64() -> Int64 { flag() ? one([.min, -1, 0, 1, .max]) : Int64.random(in: .min ... .max, using: &random) }
    private mutating func natural32() -> Int32 { flag() ? one([0, 1, .max]) : Int32.random(in: 0 ... .max, using: &random) }
    private mutating func delay() -> Delay? {
        maybe { draw in Delay(hundredNanoseconds: draw.flag() ? draw.one([0, .max]) : Int32.random(in: 0 ... .max, using: &draw.random)) }
    }
    private mutating func rate() -> BitRate? {
        maybe { draw in BitRate(bitsPerSecond: draw.flag() ? draw.one([0, .max]) : Int64.random(in: 0 ... .max, using: &draw.random)) }
    }
}

/// A tick with every column set, the same for ever: its bytes are the golden ones.
let exampleTick: Tick = {
    let milli = { (count: Int32) in Delay.microseconds(count * 10) }
    let sample = FlowSample(
        quality: .measured, count: 99, lost: 1, windowMilliseconds: 5_000, ageMilliseconds: 48, base: milli(30), p50: milli(41), p95: milli(112),
        p99: milli(151), max: milli(203), windowVariationP95: milli(110), interPacketVariationP95: milli(22), interarrivalJitter: milli(19),
        roundTripP50: milli(71))
    let gap = FlowSample.missing(lost: 100, windowMilliseconds: 5_000)
    let use = WorkloadUse(
        used: .megabits(93), quality: .measured, offered: .atLimit, applied: .megabits(100), desired: .megabits(80), replicas: 3)
    let unlimited = WorkloadUse(quality: .noSource)
    let input = LoopInput(
        flow: 0, quality: .measured, count: 99, raw: milli(112), ageMilliseconds: 48, lossPartsPerMillion: 10_000, target: milli(100),
        bound: milli(150), elapsedMilliseconds: 5_001, used: .megabits(93), applied: .megabits(100), floor: .megabits(10),
        ceiling: .megabits(1_000), grant: .megabits(120), evidence: [.freshSinceChange, .confirmed, .baseProven, .mayAct])
    let outcome = LoopOutcome(
        action: .decrease, reason: .aboveTarget, smoothed: milli(105), lowerThreshold: milli(80), upperThreshold: milli(104),
        proposed: .megabits(50), afterFlapBudget: .megabits(50), afterCooldown: .megabits(50), afterClamp: .megabits(80), desired: .megabits(80),
        requested: .megabits(81), sufferedAt: .megabits(93), counterfactual: milli(103), counterfactualAction: .hold)
    return Tick(
        number: 118, ordinal: 1, at: WallTime(microseconds: 1_795_416_000_125_000), intervalMilliseconds: 5_000, rosterSequence: 2,
        leaseTransitions: 4, isLeader: true, grant: GrantVersion(term: 7, version: 31), flows: [sample, gap], workloads: [use, unlimited],
        decision: LoopDecision(link: 1, law: 2, isShadow: false, stateBefore: [1, 0, 255], input: input, outcome: outcome))
}()
