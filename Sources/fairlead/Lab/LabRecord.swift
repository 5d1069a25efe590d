import Events
import Fleet
import Quantities
import ReadModel

/// The managed phase as the log alone tells it: read after the run, from nothing but the log's rows.
struct LabRecord: Sendable {
    struct RateChange: Sendable {
        var at: WallTime
        var before: BitRate?
        var desired: BitRate
    }
    /// What the link was believed to carry, from an instant on.
    struct Belief: Sendable {
        var at: WallTime
        var estimate: CapacityEstimate
    }

    private(set) var changes: [RateChange] = []
    private(set) var beliefs: [Belief] = []
    private(set) var ticks: [PositionedTick] = []
    private(set) var roster: Roster?
    private(set) var entries: Int64 = 0
    var isVerified = false

    mutating func fold(_ record: LogRecord) {
        entries += 1
        switch record.entry {
        case .tick(let tick): ticks.append(PositionedTick(position: record.position, tick: tick))
        case .event(let envelope):
            // A kind that this version cannot read is none that it draws.
            guard let fact = try? envelope.fact() else { return }
            switch fact {
            case .rosterDeclared(let roster): self.roster = roster
            case .capacityEstimated(let estimate): beliefs.append(Belief(at: envelope.at, estimate: estimate))
            case .patchSettled(let patch) where patch.result == .applied:
                changes.append(RateChange(at: envelope.at, before: patch.before, desired: patch.desired))
            default: break
            }
        }
    }

    /// As the page draws any cluster's; nil where nothing was ticked.
    var timeline: ClusterTimeline? {
        guard let first = ticks.first?.tick, let last = ticks.last?.tick else { return nil }
        let moved = ticks.filter { row in row.tick.decision.map { !$0.isShadow && $0.outcome.action != .hold } ?? false }
        return ClusterTimeline(
            cluster: "lab", from: first.at + .milliseconds(-Int64(first.intervalMilliseconds)), to: last.at, roster: roster,
            points: ticks.map { TimelinePoint($0.tick) }, decisions: moved.suffix(ClusterTimeline.maximumDecisions).reversed())
    }

    /// One line per tick, for a spreadsheet. What was not measured is an empty field.
    var csv: String {
        var text = "second,quality,probes,p95_ms,loss_ppm,used_bps,applied_bps,grant_bps,desired_bps,link_effective_bps,action,reason,fresh\n"
        guard let start = ticks.first?.tick.at else { return text }
        for row in ticks {
            guard let decision = row.tick.decision, !decision.isShadow else { continue }
            let (input, outcome) = (decision.input, decision.outcome)
            let believed = beliefs.last { $0.at <= row.tick.at }?.estimate.effective
            let fields: [String] = [
                decimal((row.tick.at - start).seconds, fractionDigits: 1), "\(input.quality)", "\(input.count)",
                input.raw.map { decimal($0.milliseconds, fractionDigits: 3) } ?? "", input.lossPartsPerMillion.map { "\($0)" } ?? "",
                field(input.used), field(input.applied), field(input.grant), field(outcome.desired), field(believed),
                "\(outcome.action)", "\(outcome.reason)",
                input.evidence.contains(.freshSinceChange) ? "change" : input.evidence.contains(.freshSinceDecrease) ? "decrease" : "no",
            ]
            text += fields.joined(separator: ",") + "\n"
        }
        return text
    }

    private func field(_ rate: BitRate?) -> String { rate.map { "\($0.bitsPerSecond)" } ?? "" }
}
