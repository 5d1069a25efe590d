import Events
import Fleet
import Jitter
import Quantities

/// Which of a tick's probes count as evidence.
///
/// Evidence for a raise is what was sent after the last *change* had taken effect and settled; for lowering, after the last
/// *decrease*. The window begins as late as that asks, as long as enough probes remain to be measured by; where they do not, the
/// whole window is told, and the law is told that it is not fresh.
struct EvidenceWindow {
    let start: MonotonicTime
    let end: MonotonicTime
    /// Nil while a change (a decrease) is under way.
    private let changeSettledAt: MonotonicTime?
    private let decreaseSettledAt: MonotonicTime?

    init(loops: [LoopTrack], windowStart: MonotonicTime, now: MonotonicTime) {
        start = windowStart
        end = now
        changeSettledAt = loops.contains { $0.changeSettledAt == nil } ? nil : loops.compactMap(\.changeSettledAt).max() ?? windowStart
        decreaseSettledAt = loops.contains { $0.decreaseSettledAt == nil } ? nil : loops.compactMap(\.decreaseSettledAt).max() ?? windowStart
    }

    /// The part of the records that counts, from when on, and how fresh that is.
    func evidence(in records: [ProbeRecord]) -> (records: [ProbeRecord], start: MonotonicTime, freshness: Freshness) {
        if let changeSettledAt, let kept = kept(of: records, since: changeSettledAt) {
            return (kept, max(start, changeSettledAt), Freshness(sinceDecrease: decreaseSettledAt != nil, sinceChange: true))
        }
        if let decreaseSettledAt, let kept = kept(of: records, since: decreaseSettledAt) {
            return (kept, max(start, decreaseSettledAt), Freshness(sinceDecrease: true, sinceChange: false))
        }
        return (records, start, Freshness(sinceDecrease: false, sinceChange: false))
    }

    /// Whether a reading without single probes (quantiles over its own window) is fresh.
    func freshness(windowStart: MonotonicTime) -> Freshness {
        Freshness(
            sinceDecrease: decreaseSettledAt.map { windowStart >= $0 } ?? false, sinceChange: changeSettledAt.map { windowStart >= $0 } ?? false)
    }

    /// The records sent since `instant`, where they are enough: a full count, or half of what there is.
    private func kept(of records: [ProbeRecord], since instant: MonotonicTime) -> [ProbeRecord]? {
        if instant <= start { return records }
        let kept = records.filter { $0.sentAt >= instant }
        return kept.count >= min(Int(FlowSample.fullCount), max(1, records.count / 2)) ? kept : nil
    }
}

/// How fresh one flow's evidence is.
struct Freshness: Sendable {
    var sinceDecrease: Bool
    var sinceChange: Bool
}

/// One flow's sample of a tick.
struct MeasuredFlow: Sendable {
    var sample: FlowSample
    var freshness: Freshness
}

/// The flow by which a loop steers in one tick: the one whose delay is the largest multiple of its target.
///
/// A raise needs every flow of the loop measured. Where one is not, the others still brake, and the quality says `partial`.
struct SteeringFlow {
    let flow: Int16?
    let sample: FlowSample?
    let quality: SampleQuality
    let target: Delay
    let bound: Delay
    let freshness: Freshness

    init(of indices: [Int], _ measured: [MeasuredFlow], classes: [ServiceLevelClass], flows: [FlowSpecification]) {
        func level(_ index: Int) -> ServiceLevelClass {
            classes.first { $0.name == flows[index].slaClass } ?? .robotControl
        }
        /// Delay over target, compared without division.
        func suffersLess(_ left: Int, _ right: Int) -> Bool {
            let (l, r) = (measured[left].sample.p95 ?? .zero, measured[right].sample.p95 ?? .zero)
            return Int64(l.hundredNanoseconds) * Int64(level(right).target.hundredNanoseconds)
                < Int64(r.hundredNanoseconds) * Int64(level(left).target.hundredNanoseconds)
        }
        let valued = indices.filter { measured[$0].sample.quality.hasValue && measured[$0].sample.p95 != nil }
        let chosen = valued.max(by: suffersLess) ?? indices.first
        let level = chosen.map(level) ?? .robotControl
        flow = chosen.map { Int16($0) }
        sample = chosen.map { measured[$0].sample }
        target = level.target
        bound = level.bound
        let own = sample?.quality ?? .missing
        quality = own == .measured && valued.count < indices.count ? .partial : own
        freshness = Freshness(
            sinceDecrease: chosen.map { measured[$0].freshness.sinceDecrease } ?? false,
            sinceChange: indices.allSatisfy { measured[$0].freshness.sinceChange })
    }
}

extension LoopEvidence {
    mutating func set(_ flag: LoopEvidence, _ isTrue: Bool) {
        if isTrue { insert(flag) }
    }
}
