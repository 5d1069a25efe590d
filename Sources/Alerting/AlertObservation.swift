public import Events
import OrderedCollections
public import Quantities

/// What the alerter knows of one cluster: the newest of each thing that its ticks tell, and since when.
///
/// Times are on the alerter's own monotonic clock: the moment at which the log received the tick, never the cluster's civil time.
public struct AlertObservation: Equatable, Sendable {
    /// The newest tick of the cluster's leading shipper; nil where there never was one.
    public var lastTickAt: MonotonicTime?
    /// The lease transitions of the newest leader heard: ticks of an older one are history.
    public var leaseTransitions: Int32 = 0
    // A cluster has a handful of each: one after the other they are sooner found than by the hash of a name. (Their order counts in `==`.)
    var loops: OrderedDictionary<LinkID, LoopObservation> = [:]
    var flows: OrderedDictionary<FlowID, FlowObservation> = [:]
    var workloads: OrderedDictionary<WorkloadID, WorkloadObservation> = [:]
    /// What the newest allocation gave the cluster's workloads.
    var shares: OrderedDictionary<WorkloadID, ShareObservation> = [:]

    public init() {}

    /// The newest sample of a critical flow.
    public func flow(_ flow: FlowID) -> FlowObservation? { flows[flow] }
    /// What the newest allocation gave a workload.
    public func share(of workload: WorkloadID) -> ShareObservation? { shares[workload] }
}

/// The newest decision of one loop.
public struct LoopObservation: Equatable, Sendable {
    public var decidedAt: MonotonicTime
    /// Σ applied of the loop's workloads; nil where at least one is unlimited.
    public var applied: BitRate?
    /// Σ floors.
    public var floor: BitRate
    /// The flow that the loop steers by.
    public var flow: FlowID?
    /// The smoothed delay variation where the law has one, else the raw; nil where the sample carried no number.
    public var steering: Delay?
    public var target: Delay
    public var isPaused: Bool

    public init(
        decidedAt: MonotonicTime, applied: BitRate?, floor: BitRate, flow: FlowID? = nil, steering: Delay?, target: Delay,
        isPaused: Bool = false
    ) {
        self.decidedAt = decidedAt
        self.applied = applied
        self.floor = floor
        self.flow = flow
        self.steering = steering
        self.target = target
        self.isPaused = isPaused
    }

    public var isAtFloor: Bool { applied.map { $0 <= floor || AlertObservation.isSame($0, floor) } ?? false }
}

/// The newest sample of one critical flow.
public struct FlowObservation: Equatable, Sendable {
    public var quality: SampleQuality
    /// Since when the samples have carried a number, or have carried none.
    public var since: MonotonicTime

    public init(quality: SampleQuality, since: MonotonicTime) {
        self.quality = quality
        self.since = since
    }
}

/// What one managed workload should be limited to, and is.
public struct WorkloadObservation: Equatable, Sendable {
    public var desired: BitRate?
    /// Nil: no limit of ours stands.
    public var applied: BitRate?
    /// Since when the two have differed with `applied` standing still. A limit that follows its wish one tick late never gets a time.
    public var differsSince: MonotonicTime?

    public init(desired: BitRate?, applied: BitRate?, differsSince: MonotonicTime?) {
        self.desired = desired
        self.applied = applied
        self.differsSince = differsSince
    }
}

/// What an allocation gave one workload.
public struct ShareObservation: Equatable, Sendable {
    public var share: BitRate
    /// What bound it: `link wan-a`.
    public var binding: String
    public var decidedAt: MonotonicTime

    public init(share: BitRate, binding: String, decidedAt: MonotonicTime) {
        self.share = share
        self.binding = binding
        self.decidedAt = decidedAt
    }
}

extension AlertObservation {
    /// Whether two limits are one: a total is divided among replicas and rounded down, and some enforcers keep bytes per second.
    /// 1 kbit/s or a thousandth, whichever is more.
    static func isSame(_ left: BitRate, _ right: BitRate) -> Bool {
        let difference = abs(left.bitsPerSecond - right.bitsPerSecond)
        return difference <= max(1_000, max(left.bitsPerSecond, right.bitsPerSecond) / 1_000)
    }
}
