import Events
import Explanation
import JSONDocument
import Quantities
import ReadModel
import SampleFleet
import Testing

/// Aim: a decision reads the same everywhere, from its row alone. Method: golden lines, written out; then every combination of
/// reason, action and quality for the promises that hold for all.
@Suite struct DecisionExplanationTests {
    private func record() async throws -> DecisionRecord { try #require(try await SampleFleet.fleet.decision(at: SampleFleet.brake)) }

    @Test func `a brake is explained with its numbers in twelve lines`() async throws {
        let record = try await record()
        let explanation = DecisionExplanation(
            position: record.position, tick: record.tick, roster: record.roster, settled: record.settled, now: SampleFleet.now)
        #expect(explanation.lines == [
            "decision plant-b/77aa0012/40  ·  plant-b on wan-a  ·  tick 39, 2026-11-23T06:39:59.000Z (1 s ago)",
            "decided     Lowered from 180 Mbit/s to 120 Mbit/s: robot-control's p95 of 2.31 ms is above its bound of 1.50 ms.",
            "input       robot-control from cell-1 by probe: p95 above base 2.314 ms raw, 1.6475 ms smoothed; n 98, measured, newest answer 40 ms old, loss 2.00 %",
            "rates       telemetry-upload + erp-dashboard: used 176 Mbit/s, applied 180 Mbit/s, granted 190 Mbit/s (4.17); floor 20.0 Mbit/s, ceiling 2.00 Gbit/s",
            "law         plateau@1 (alpha_ppt=300;cooldown_ms=10000;deadband_ppt=200;step_down_mbit=50); 4 bytes of state, 5.0 s after its last decision",
            "thresholds  the smoothed p95: raise below 0.80 ms, lower above 1.20 ms (target 1.00 ms); the raw p95: brake above 1.50 ms",
            "evidence    fresh since the last change, applied as desired, base proven, may act, suffered at 176 Mbit/s",
            "stages      applied 180 Mbit/s → law 120 Mbit/s → flap budget = → cooldown = → clamp = → grant and mode =",
            "reason      BrakedAboveBound. A raw sample lies above the SLA bound on fresh evidence, which brakes at once, past filters and cooldown.",
            "otherwise   At a raw p95 ≤ 1.20 ms it would have held.",
            "result      desired 120 Mbit/s; telemetry-upload applied at 110 Mbit/s (was 170 Mbit/s, 2 objects)",
            "you may     Nothing; if it repeats, look at what else uses the link.",
        ])
    }

    @Test func `sums in which an idle workload counts with its use say so`() async throws {
        let record = try await record()
        var tick = record.tick
        let roster = try #require(record.roster)
        func rates() -> String? {
            DecisionExplanation(position: record.position, tick: tick, roster: roster).parts.first { $0.label == "rates" }?.text
        }
        let limits = tick.workloads.compactMap(\.applied).reduce(.zero, +)
        tick.decision?.input.applied = limits
        for index in tick.workloads.indices { tick.workloads[index].offered = .belowLimit }
        #expect(try #require(rates()).hasSuffix("ceiling 2.00 Gbit/s"), "the sum is that of the limits")
        tick.decision?.input.applied = limits.minus(.megabits(1))
        #expect(try #require(rates()).hasSuffix("; telemetry-upload and erp-dashboard are idle: counted with the use, not the limit"))
    }
}
