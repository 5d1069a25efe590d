public import Events
public import Quantities

/// The probes of one window, folded into a `FlowSample` against a base delay.
///
/// Beside the delay above the base it states the three usual definitions of jitter: packet delay variation against the window's
/// own minimum (RFC 5481 §4.2), inter-packet delay variation of neighbours in sequence (RFC 3393), and smoothed interarrival
/// jitter (RFC 3550 §6.4.1, carried by the caller through the flow's whole life).
public struct DelayWindow: Sendable {
    /// Fewer fresh probes than this are no evidence: p95 of nine numbers is their maximum.
    public static let minimumFreshCount = 10

    /// The records that count, by time of sending.
    public let records: [ProbeRecord]
    /// Whether all of them were sent at or after `notBefore`.
    public let isFresh: Bool
    public let lost: Int32
    /// The believable round trips, in the order of `records`.
    public let roundTrips: [Nanoseconds]
    /// The same, shortest first.
    let ascending: [Nanoseconds]

    /// Takes the probes that were answered or given up since the last tick, and drops those sent before `notBefore`. Where that
    /// would leave fewer than `minimumFreshCount` answers, it keeps them all and says so with `isFresh` false: the row then
    /// tells truly what the flow experienced, and the law waits.
    public init(records all: [ProbeRecord], notBefore: MonotonicTime? = nil) {
        let ordered = all.sorted { ($0.sentAt, $0.sequence) < ($1.sentAt, $1.sequence) }
        let fresh = notBefore.map { limit in ordered.filter { $0.sentAt >= limit } } ?? ordered
        let enough = fresh.count == ordered.count
            || fresh.reduce(0) { $0 + ($1.believedRoundTrip == nil ? 0 : 1) } >= DelayWindow.minimumFreshCount
        records = enough ? fresh : ordered
        isFresh = enough
        roundTrips = records.compactMap(\.believedRoundTrip)
        ascending = roundTrips.sorted()
        lost = Int32(clamping: records.count - roundTrips.count)
    }

    public var count: Int32 { Int32(clamping: roundTrips.count) }
    /// The shortest round trip of the window.
    public var minimum: Nanoseconds? { ascending.first }
    /// The shortest round trip of its second half: what the path is like at the window's end.
    public var lateMinimum: Nanoseconds? { roundTrips.suffix((roundTrips.count + 1) / 2).min() }
    public var earliestSent: MonotonicTime? { records.first?.sentAt }

    /// The sample against `base` (the lowest delay known, proven or not); `provenBase` is what the row may call the base.
    /// `interarrivalJitter` is the flow's smoothed value at the end of this window.
    public func sample(
        above base: Nanoseconds, provenBase: Nanoseconds?, interarrivalJitter: Nanoseconds?, windowMilliseconds: Int32,
        ageMilliseconds: Int32?
    ) -> FlowSample {
        guard let minimum else {
            return .missing(lost: lost, windowMilliseconds: windowMilliseconds, ageMilliseconds: ageMilliseconds)
        }
        let aboveBase = DelayQuantiles(ascending: ascending, above: base)
        let variation = DelayQuantiles(ascending: ascending, above: minimum)
        let whole = DelayQuantiles(ascending: ascending)
        return FlowSample(
            quality: count >= FlowSample.fullCount ? .measured : .partial, count: count, lost: lost,
            windowMilliseconds: windowMilliseconds, ageMilliseconds: ageMilliseconds, base: provenBase.map(Delay.init(rounding:)),
            p50: aboveBase.percentile(50), p95: aboveBase.percentile(95), p99: aboveBase.percentile(99),
            max: aboveBase.percentile(100), windowVariationP95: variation.percentile(95),
            interPacketVariationP95: interPacketVariation.percentile(95),
            interarrivalJitter: interarrivalJitter.map(Delay.init(rounding:)), roundTripP50: whole.percentile(50))
    }

    /// |D(i) − D(i−1)| of neighbours in sequence; a pair with a lost member has none (RFC 3393 §2.5).
    private var interPacketVariation: DelayQuantiles {
        var steps: [Nanoseconds] = []
        steps.reserveCapacity(records.count)
        for (former, latter) in zip(records, records.dropFirst()) where latter.sequence == former.sequence + 1 {
            guard let first = former.believedRoundTrip, let second = latter.believedRoundTrip else { continue }
            steps.append(Nanoseconds(abs(second.count - first.count)))
        }
        steps.sort()
        return DelayQuantiles(ascending: steps)
    }
}
