import Events
import Quantities

/// Ticks as a plant's shipper would write them, from a seed: for measuring speed and size, where random bits would mislead.
///
/// A flow has a base of its own (0.2–2 ms) and a calm median above it (0.02–0.2 ms) that wanders by a tenth per tick; its upper
/// quantiles stand in ratios to that, each with its own spread, and one window in fifty is twenty times worse. Quantiles are rounded
/// as the shipper's histogram rounds them: to 100 ns, and to 0.1 % above 0.2 ms. One probe in five hundred is lost. Every field of
/// a sample is there. Five workloads, one decision with all its stages, a law's state of 168 bytes.
struct BenchmarkTicks {
    private struct Flow {
        var base: Double
        var median: Double
    }
    private var random: SplitMix
    private var flows: [Flow]
    private var number: Int64 = 0

    init(seed: UInt64, flows count: Int) {
        random = SplitMix(seed: seed)
        flows = []
        for _ in 0..<count { flows.append(Flow(base: uniform(2_000, 20_000), median: uniform(200, 2_000))) }
    }

    mutating func next() -> Tick {
        number += 1
        let samples = flows.indices.map { sample($0) }
        let worst = samples.compactMap(\.p95).max() ?? .zero
        let uses = (0..<5).map { _ in
            WorkloadUse(
                used: BitRate(bitsPerSecond: Int64(uniform(2e7, 9e7))), quality: .measured, offered: .atLimit, applied: .megabits(100),
                desired: .megabits(100), replicas: 3)
        }
        let used = BitRate(bitsPerSecond: uses.compactMap { $0.used?.bitsPerSecond }.reduce(0, +))
        let total = BitRate.megabits(500)
        return Tick(
            number: number, at: WallTime(microseconds: 1_795_416_000_000_000 + number * 5_000_000 + Int64(uniform(0, 2_000))),
            intervalMilliseconds: 5_000, rosterSequence: 1, leaseTransitions: 1, grant: GrantVersion(term: 3, version: number / 4 + 1),
            flows: samples, workloads: uses,
            decision: LoopDecision(
                link: 0, law: 0, stateBefore: state(),
                input: LoopInput(
                    flow: 7, quality: .measured, count: 100, raw: worst, ageMilliseconds: Int32(uniform(0, 60)), lossPartsPerMillion: 0,
                    target: .microseconds(1_000), bound: .microseconds(1_500), elapsedMilliseconds: 5_000, used: used, applied: total,
                    floor: .megabits(50), ceiling: .megabits(5_000), grant: total,
                    evidence: [.freshSinceChange, .freshSinceDecrease, .confirmed, .baseProven, .mayAct]),
                outcome: LoopOutcome(
                    action: .hold, reason: .insideDeadband, smoothed: worst, lowerThreshold: .microseconds(800),
                    upperThreshold: .microseconds(1_200), proposed: total, afterFlapBudget: total, afterCooldown: total, afterClamp: total,
                    desired: total, counterfactual: .microseconds(1_200), counterfactualAction: .decrease)))
    }

    private mutating func sample(_ place: Int) -> FlowSample {
        flows[place].median = min(4_000, max(100, flows[place].median * uniform(0.9, 1.1)))
        let median = flows[place].median * (chance(50) ? 20 : 1)
        let lost: Int32 = chance(5) ? 1 : 0
        let p95 = median * uniform(1.8, 2.8)
        let p99 = p95 * uniform(1.2, 1.8)
        let maximum = p99 * uniform(1.05, 1.6)
        return FlowSample(
            quality: .measured, count: 100 - lost, lost: lost, windowMilliseconds: 5_000, ageMilliseconds: Int32(uniform(1, 51)),
            base: delay(flows[place].base), p50: delay(median), p95: delay(p95), p99: delay(p99), max: delay(maximum),
            windowVariationP95: delay(p95 * uniform(0.9, 1)), interPacketVariationP95: delay(p95 * uniform(0.8, 1.3)),
            interarrivalJitter: delay(median * uniform(0.3, 0.6)), roundTripP50: delay(flows[place].base + median))
    }

    /// Rounded to 100 ns, and above 2,048 of them to eleven significant bits, as a histogram of three digits does.
    private func delay(_ hundredNanoseconds: Double) -> Delay {
        let count = Int32(hundredNanoseconds)
        let spare = max(0, 32 - count.leadingZeroBitCount - 11)
        return Delay(hundredNanoseconds: (count >> Int32(spare)) << Int32(spare))
    }

    private mutating func state() -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 168)
        bytes[0] = 1
        for place in stride(from: 6, to: 160, by: 8) { bytes[place] = UInt8(truncatingIfNeeded: random.next()) }
        return bytes
    }

    private mutating func uniform(_ low: Double, _ high: Double) -> Double {
        low + (high - low) * Double(random.next() >> 11) / 9_007_199_254_740_992
    }
    private mutating func chance(_ oneIn: UInt64) -> Bool { random.next() % oneIn == 0 }
}
