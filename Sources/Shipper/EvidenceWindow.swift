import Events
import Fleet
import Jitter
import Quantities

/// From when on a tick's probes count as evidence.
///
/// Evidence for lowering is what was sent after the last *decrease* had taken effect and settled, and for a raise after the last
/// *change* had. The meter leaves out what is older, as long as enough remains to be measured by; where it does not, the whole
/// window is told, and the law is told that it is not fresh.
struct EvidenceWindow {
    let start: MonotonicTime
    let end: MonotonicTime
    /// Nil while such a change is under way.
    private let changeSettledAt: MonotonicTime?
    private let decreaseSettledAt: MonotonicTime?

    /// - Parameter flow: the place of the one that is measured: the loops that watch it are what changes its delay.
    init(flow: Int, loops: [LoopTrack], windowStart: MonotonicTime, now: MonotonicTime) {
        start = windowStart
        end = now
        var (change, decrease) = (LatestInstant(), LatestInstant())
        for place in loops.indices where loops[place].flows.contains(flow) {
            change.take(loops[place].changeSettledAt)
            decrease.take(loops[place].decreaseSettledAt)
        }
        changeSettledAt = change.isKnown ? change.instant ?? windowStart : nil
        decreaseSettledAt = decrease.isKnown ? decrease.instant ?? windowStart : nil
    }

    /// What was sent before this is left out where enough remains.
    var notBefore: MonotonicTime? { decreaseSettledAt.flatMap { $0 > start ? $0 : nil } }

    /// Whether a decrease took effect within this window: then a minimum that did not move tells of a changed route.
    var followsDecrease: Bool { notBefore.map { $0 <= end } ?? false }

    func freshness(of reading: FlowReading) -> Freshness {
        func isFresh(since instant: MonotonicTime?) -> Bool {
            // A probe sent just before the window and answered in it is of the window; a range that reaches far back is not.
            let isOfWindow = reading.measuredSince == nil
            return instant.map { (isOfWindow && $0 <= start) || reading.isFresh(since: $0, windowStart: start) } ?? false
        }
        return Freshness(sinceDecrease: isFresh(since: decreaseSettledAt), sinceChange: isFresh(since: changeSettledAt))
    }
}

/// The latest of some instants, of which one may not have come yet.
private struct LatestInstant {
    private(set) var instant: MonotonicTime?
    private(set) var isKnown = true

    mutating func take(_ other: MonotonicTime?) {
        guard let other else { return isKnown = false }
        instant = instant.map { max($0, other) } ?? other
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
    var baseIsProven: Bool
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
    private let isHighlyCritical: Bool
    /// What its class says for the law to read.
    var evidence: LoopEvidence { isHighlyCritical ? .highlyCritical : [] }
    /// A class of this criticality or more is highly critical.
    private static let highCriticality = 75

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
        isHighlyCritical = chosen != nil && level.criticality >= SteeringFlow.highCriticality
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
