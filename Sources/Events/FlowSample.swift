public import Quantities

/// How far a sample may be believed. Missing is a state, never a number.
public enum SampleQuality: Int16, Sendable, CaseIterable {
    /// At least `FlowSample.fullCount` probes were answered in the window.
    case measured = 0
    /// Some were answered, fewer than that.
    case partial = 1
    /// The newest answer is older than the window.
    case stale = 2
    /// Nothing was answered.
    case missing = 3
    /// The source itself failed: refused, malformed, not there.
    case probeError = 4
    /// A configured stand-in value, for parity with older tools. It may hold or lower, never raise.
    case synthetic = 5

    /// The word that every page, view and sentence uses.
    public var word: String {
        switch self {
        case .measured: "measured"
        case .partial: "partial"
        case .stale: "stale"
        case .missing: "missing"
        case .probeError: "probe-error"
        case .synthetic: "synthetic"
        }
    }
    /// Whether the sample carries numbers.
    public var hasValue: Bool { self == .measured || self == .partial || self == .synthetic }
}

/// What one critical flow experienced in one window. All delays are round trips less the reflector's own time (RFC 8762).
public struct FlowSample: Hashable, Sendable {
    /// The number of answered probes from which a window counts as measured.
    public static let fullCount: Int32 = 40

    public var quality: SampleQuality
    /// Probes answered in the window.
    public var count: Int32
    /// Probes that were sent in the window and not answered in time.
    public var lost: Int32
    /// Length of the window. Unit: milliseconds.
    public var windowMilliseconds: Int32
    /// Age of the newest answer when the sample was taken. Unit: milliseconds; nil when there never was one.
    public var ageMilliseconds: Int32?
    /// The base delay, the lowest proven so far for this vantage and target; nil while none is proven.
    public var base: Delay?
    /// Quantiles and maximum of the delay above the base. p95 is what a law steers by.
    public var p50: Delay?
    public var p95: Delay?
    public var p99: Delay?
    public var max: Delay?
    /// 95th percentile of the delay above the window's own minimum (packet delay variation, RFC 5481 §4.2).
    public var windowVariationP95: Delay?
    /// 95th percentile of |D(i) − D(i−1)| (inter-packet delay variation, RFC 3393, RFC 5481 §4.1).
    public var interPacketVariationP95: Delay?
    /// Smoothed interarrival jitter at the end of the window (RFC 3550 §6.4.1, gain 1/16).
    public var interarrivalJitter: Delay?
    /// Median round trip.
    public var roundTripP50: Delay?

    public init(
        quality: SampleQuality, count: Int32, lost: Int32, windowMilliseconds: Int32, ageMilliseconds: Int32? = nil,
        base: Delay? = nil, p50: Delay? = nil, p95: Delay? = nil, p99: Delay? = nil, max: Delay? = nil,
        windowVariationP95: Delay? = nil, interPacketVariationP95: Delay? = nil, interarrivalJitter: Delay? = nil,
        roundTripP50: Delay? = nil
    ) {
        self.quality = quality
        self.count = count
        self.lost = lost
        self.windowMilliseconds = windowMilliseconds
        self.ageMilliseconds = ageMilliseconds
        self.base = base
        self.p50 = p50
        self.p95 = p95
        self.p99 = p99
        self.max = max
        self.windowVariationP95 = windowVariationP95
        self.interPacketVariationP95 = interPacketVariationP95
        self.interarrivalJitter = interarrivalJitter
        self.roundTripP50 = roundTripP50
    }

    /// A window in which nothing was answered.
    public static func missing(lost: Int32, windowMilliseconds: Int32, ageMilliseconds: Int32? = nil) -> FlowSample {
        FlowSample(quality: .missing, count: 0, lost: lost, windowMilliseconds: windowMilliseconds, ageMilliseconds: ageMilliseconds)
    }

    /// Share of probes lost, in parts per million; nil where none was sent.
    public var lossPartsPerMillion: Int32? {
        let sent = Int64(count) + Int64(lost)
        return sent == 0 ? nil : Int32(Int64(lost) * 1_000_000 / sent)
    }
}

/// How far a throughput reading may be believed.
public enum UseQuality: Int16, Sendable, CaseIterable {
    case measured = 0
    /// There is no throughput source for this workload.
    case noSource = 1
    /// The source failed or its counter stepped back.
    case failed = 2
    /// A first reading: a rate needs two.
    case first = 3

    public var word: String {
        switch self {
        case .measured: "measured"
        case .noSource: "no-source"
        case .failed: "failed"
        case .first: "first-reading"
        }
    }
}

/// What a managed workload asks for, judged from its use against its limit.
public enum OfferedLoad: Int16, Sendable, CaseIterable {
    case unknown = 0
    /// Has used less than 85 % of its limit for some ticks in a row: the limit teaches nothing.
    case belowLimit = 1
    /// Uses 85 % or more of its limit.
    case atLimit = 2

    public var word: String {
        switch self {
        case .unknown: "unknown"
        case .belowLimit: "below-limit"
        case .atLimit: "at-limit"
        }
    }
}

/// What one managed best-effort workload used in one window, and how it stood limited.
public struct WorkloadUse: Hashable, Sendable {
    /// Mean rate sent in the window; nil where `quality` is not measured.
    public var used: BitRate?
    public var quality: UseQuality
    public var offered: OfferedLoad
    /// The limit as read back from the enforcer, summed over replicas; nil where none of ours stands (unlimited).
    public var applied: BitRate?
    /// The limit as this tick decided it; nil where Fairlead has not decided one (observing, or never braked).
    public var desired: BitRate?
    public var replicas: Int16

    public init(
        used: BitRate? = nil, quality: UseQuality, offered: OfferedLoad = .unknown, applied: BitRate? = nil,
        desired: BitRate? = nil, replicas: Int16 = 1
    ) {
        self.used = used
        self.quality = quality
        self.offered = offered
        self.applied = applied
        self.desired = desired
        self.replicas = replicas
    }
}

extension WorkloadUse {
    /// What an idle workload is left, by shipper and coordinator alike: a quarter more than it uses. A limit that is not more than
    /// 1.6 times the use stays as it is, so that a use that wanders moves nothing. Nil where the workload is not idle.
    public var idleWish: BitRate? {
        guard offered == .belowLimit, quality == .measured, let used else { return nil }
        if let applied, applied <= used.scaled(thousandths: 1_600) { return applied }
        return used.scaled(thousandths: 1_250)
    }
}

extension BitRate {
    /// Whether this limit, as it stands over so many replicas, is the one that was desired. Each replica's share is rounded down, by the
    /// kernel to whole bytes per second, and nothing more is forgiven.
    public func carriesOut(_ desired: BitRate, over replicas: Int) -> Bool {
        self <= desired && desired.bitsPerSecond - bitsPerSecond < 8 * Int64(max(1, replicas))
    }
}
