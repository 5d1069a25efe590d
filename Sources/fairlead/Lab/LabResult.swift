import JSONDocument
import Probing
import Quantities

/// What one phase came to, from the observer's own probes and from iperf3.
struct LabPhaseResult {
    var name: String
    var seconds: Int
    var p95: Nanoseconds?
    /// Share of one-second windows whose p95 lies above the SLA bound. A window in which nothing was answered counts as violated.
    var violationRatio: Double
    var lossRatio: Double
    var bestEffort: BitRate
    var decreases = 0
    var increases = 0
    var decreasesAfterStep = 0
    var increasesAfterStep = 0
    var narrowsAt: Int?
    var widensAt: Int?

    init(name: String, from: MonotonicTime, seconds: Int, probes: [ProbeResult], base: Nanoseconds, bound: Nanoseconds, bestEffort: BitRate) {
        self.name = name
        self.seconds = seconds
        self.bestEffort = bestEffort
        let delays = probes.compactMap { LabPhaseResult.delay($0, above: base) }
        p95 = LabPhaseResult.percentile95(delays)
        lossRatio = probes.isEmpty ? 1 : Double(probes.count - delays.count) / Double(probes.count)
        var violated = 0
        for second in 0..<seconds {
            let start = from + .seconds(Int64(second))
            let window = probes.filter { $0.sentAt >= start && $0.sentAt < start + .seconds(1) }
            let p95 = LabPhaseResult.percentile95(window.compactMap { LabPhaseResult.delay($0, above: base) })
            if p95.map({ $0 > bound }) ?? true { violated += 1 }
        }
        violationRatio = Double(violated) / Double(max(1, seconds))
    }

    static func delay(_ result: ProbeResult, above base: Nanoseconds) -> Nanoseconds? {
        guard case .roundTrip(let span) = result.outcome else { return nil }
        return max(.zero, span - base)
    }

    /// Nearest rank; nil for nothing.
    static func percentile95(_ delays: [Nanoseconds]) -> Nanoseconds? {
        guard !delays.isEmpty else { return nil }
        return delays.sorted()[(delays.count * 95 + 99) / 100 - 1]
    }

    var json: JSONValue {
        [
            "name": .string(name), "seconds": .integer(seconds), "p95_jitter_ms": .measured(p95.map { $0.seconds * 1000 }),
            "violation_ratio": .measured(violationRatio, fractionDigits: 4), "loss_ratio": .measured(lossRatio, fractionDigits: 5),
            "best_effort_mbps": .measured(Double(bestEffort.bitsPerSecond) / 1e6, fractionDigits: 1),
            "decreases": .integer(decreases), "increases": .integer(increases),
            "decreases_after_step": .integer(decreasesAfterStep), "increases_after_step": .integer(increasesAfterStep),
            "narrows_at_second": .optional(narrowsAt), "widens_at_second": .optional(widensAt),
        ]
    }
}

/// What a run of the lab came to.
struct LabResult {
    var seed: UInt64
    var law: String
    var congestionControl: String
    var base: Nanoseconds
    var bound: Nanoseconds
    var phases: [LabPhaseResult]
    /// Rate changes that `tc` was seen with, and how many of them have no event on the log.
    var rateChangesSeen: Int
    var rateChangesWithoutEvent: Int
    var logEntries: Int64
    var isVerified: Bool

    /// Whether every rate that `tc` was seen with stands on the log, and the log holds.
    var isTold: Bool { rateChangesWithoutEvent == 0 && isVerified }

    /// How many of the rates seen have no event of their own: both in order, and the log may tell of more, for a look is taken five
    /// times a second.
    static func withoutEvent(_ seen: [BitRate], told: [BitRate]) -> Int {
        var rest = told[...]
        return seen.count { rate in
            guard let place = rest.firstIndex(of: rate) else { return true }
            rest = rest[(place + 1)...]
            return false
        }
    }

    var json: JSONValue {
        [
            "seed": .integer(seed), "law": .string(law), "congestion_control": .string(congestionControl),
            "base_delay_us": .integer(base.count / 1000), "bound_ms": .measured(bound.seconds * 1000),
            "static_cap_mbps": .integer(LabSchedule.bestConstantCap.bitsPerSecond / 1_000_000),
            "phases": .array(phases.map(\.json)),
            "tc": ["rate_changes_seen": .integer(rateChangesSeen), "without_event": .integer(rateChangesWithoutEvent)],
            "log": ["entries": .integer(logEntries), "verified": .bool(isVerified)],
        ]
    }

    var table: String {
        var text = "bound \(decimal(bound.seconds * 1000, fractionDigits: 1)) ms above a base of \(base.count / 1000) us; \(congestionControl); seed \(seed); \(law)\n\n"
        var rows = TextTable([
            .init("PHASE"), .init("SECONDS", .right), .init("P95 JITTER", .right), .init("VIOLATED", .right), .init("LOSS", .right),
            .init("BEST EFFORT", .right), .init("DECREASES", .right), .init("INCREASES", .right),
        ])
        for phase in phases {
            rows.add([
                phase.name, "\(phase.seconds)", phase.p95.map { "\(decimal($0.seconds * 1000, fractionDigits: 2)) ms" } ?? "–",
                "\(decimal(phase.violationRatio * 100, fractionDigits: 1)) %", "\(decimal(phase.lossRatio * 100, fractionDigits: 2)) %",
                phase.bestEffort.readable, "\(phase.decreases)", "\(phase.increases)",
            ])
        }
        text += rows.text()
        text += "\n\(rateChangesSeen) rates seen in tc, \(rateChangesWithoutEvent) without an event on the log; the log is \(isVerified ? "verified" : "NOT VERIFIED")"
        return text
    }
}
