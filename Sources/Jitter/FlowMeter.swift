public import Events
public import Quantities

/// What one window of one flow came to.
public struct FlowReading: Equatable, Sendable {
    public var sample: FlowSample
    /// When the earliest probe that counted was sent; nil where none counted or an external source measured. The evidence is
    /// fresh since a change exactly where this is at or after the instant at which the change had settled.
    public var earliestSent: MonotonicTime?
    /// The same for what an external source measured over a range of its own; nil for the tick's window.
    public var measuredSince: MonotonicTime?
    public var baseIsProven: Bool
    /// A move of the base that belongs on the log; a changed route also clears the law's ceiling memory.
    public var change: BaseChange?

    /// Whether all that counted was sent at or after `instant`; an absent instant (nothing ever changed) is always met.
    /// A reading without probes is fresh where its whole window is, which `windowStart` tells.
    public func isFresh(since instant: MonotonicTime?, windowStart: MonotonicTime) -> Bool {
        guard let instant else { return true }
        return (measuredSince ?? earliestSent ?? windowStart) >= instant
    }
}

/// The meter of one critical flow, seen from one vantage: base delay, smoothed jitter, and a sample per window.
public struct FlowMeter: Sendable {
    public let flow: FlowID
    /// The target of the flow's SLA class: the measure of what counts as a small spread.
    public let target: Delay
    public private(set) var base: BaseDelay
    private var jitter = InterarrivalJitter()
    private var newestAnswer: MonotonicTime?

    /// With the base delay that was persisted for this flow, vantage and target; a fresh one where there is none.
    public init(flow: FlowID, target: Delay, base: BaseDelay = BaseDelay()) {
        self.flow = flow
        self.target = target
        self.base = base
    }

    /// Folds the probes that were answered or given up since the last tick. Unit of the window: from `windowStart` to `now`.
    ///
    /// Probes sent before `notBefore`, the instant at which the last decrease had settled, do not count, unless too few are left
    /// (see `DelayWindow`). `limitLowered`: see `BaseDelay.fold`.
    public mutating func sample(
        records: [ProbeRecord], windowStart: MonotonicTime, now: MonotonicTime, notBefore: MonotonicTime? = nil,
        limitLowered: Bool = false
    ) -> FlowReading {
        let window = DelayWindow(records: records, notBefore: notBefore)
        countLifetime(of: records)
        let change = base.fold(window, target: target, limitLowered: limitLowered)
        let sample = window.sample(
            above: base.lowest ?? .zero, provenBase: base.isProven ? base.lowest : nil, interarrivalJitter: jitter.value,
            windowMilliseconds: milliseconds(now - windowStart), ageMilliseconds: newestAnswer.map { milliseconds(now - $0) })
        return FlowReading(
            sample: sample, earliestSent: window.earliestSent, baseIsProven: base.isProven, change: change.flatMap(event(for:)))
    }

    /// The sample of a window that another system measured. Its base is its own affair and counts as proven.
    ///
    /// A reading older than the window, or of unknown age, is `stale`; fewer than 40 measurements are `partial`; where the
    /// source states no number of them, `count` is 0 and the quality rests on the age alone.
    public func sample(external answer: ExternalAnswer, windowStart: MonotonicTime, now: MonotonicTime) -> FlowReading {
        let length = milliseconds(now - windowStart)
        var reading = FlowReading(sample: FlowMeter.sample(of: answer, windowMilliseconds: length), baseIsProven: true)
        if case .reading(let external) = answer { reading.measuredSince = external.since }
        return reading
    }

    /// A configured stand-in, for parity with older tools: it says `synthetic` and never raises anything.
    public func synthetic(_ value: Delay, windowStart: MonotonicTime, now: MonotonicTime) -> FlowReading {
        let sample = FlowSample(
            quality: .synthetic, count: 0, lost: 0, windowMilliseconds: milliseconds(now - windowStart), p95: value)
        return FlowReading(sample: sample, baseIsProven: base.isProven)
    }

    private static func sample(of answer: ExternalAnswer, windowMilliseconds: Int32) -> FlowSample {
        let empty = FlowSample.missing(lost: 0, windowMilliseconds: windowMilliseconds)
        switch answer {
        case .absent: return empty
        case .failed:
            var sample = empty
            sample.quality = .probeError
            return sample
        case .reading(let reading):
            var sample = empty
            sample.ageMilliseconds = reading.age.map(milliseconds)
            sample.count = max(0, reading.count ?? 0)
            sample.lost = max(0, reading.lost)
            guard isBelievable(reading) else {
                sample.quality = .probeError
                return sample
            }
            guard let age = reading.age, milliseconds(age) <= windowMilliseconds else {
                sample.quality = .stale
                return sample
            }
            if reading.count == 0 { return sample }
            sample.quality = (reading.count ?? FlowSample.fullCount) >= FlowSample.fullCount ? .measured : .partial
            sample.p50 = reading.p50.map(Delay.init(rounding:))
            sample.p95 = Delay(rounding: reading.p95)
            return sample
        }
    }

    private static func isBelievable(_ reading: ExternalReading) -> Bool {
        let spans = [reading.p95, reading.p50 ?? .zero, reading.age ?? .zero]
        return spans.allSatisfy { $0 >= .zero } && reading.p95 <= ProbeRecord.longestBelieved
    }

    private mutating func countLifetime(of records: [ProbeRecord]) {
        for record in records.sorted(by: { $0.sentAt < $1.sentAt }) {
            guard let span = record.believedRoundTrip else { continue }
            jitter.count(span, sentAt: record.sentAt)
            newestAnswer = max(newestAnswer ?? (record.sentAt + span), record.sentAt + span)
        }
    }

    private func event(for change: BaseDelay.Change) -> BaseChange? {
        guard let lowest = base.lowest else { return nil }
        let to = Delay(rounding: lowest)
        return switch change {
        case .lowerSeen(let from): BaseChange(flow: flow, from: Delay(rounding: from), to: to, cause: "lower-seen")
        case .proven: BaseChange(flow: flow, from: nil, to: to, cause: "proven")
        case .routeChanged(let from): BaseChange(flow: flow, from: Delay(rounding: from), to: to, cause: "route-changed")
        }
    }
}

/// Whole milliseconds, rounded down, never negative, held at the longest that a row can state.
private func milliseconds(_ span: Nanoseconds) -> Int32 { Int32(clamping: max(0, span.milliseconds)) }
