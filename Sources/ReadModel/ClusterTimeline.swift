public import Events
public import Quantities

/// One cluster over a stretch of time, ready to be drawn: points in order of time, and what was decided in between.
public struct ClusterTimeline: Sendable {
    /// How many decisions are carried at most: the newest ones.
    public static let maximumDecisions = 200

    public var cluster: ClusterID
    public var from: WallTime
    public var to: WallTime
    /// The newest roster of the stretch: the flows of the points stand in its order.
    public var roster: Roster?
    public var points: [TimelinePoint]
    /// Rows whose action is not `hold` and that are no shadow's, newest first.
    public var decisions: [PositionedTick]

    public init(
        cluster: ClusterID, from: WallTime, to: WallTime, roster: Roster?, points: [TimelinePoint], decisions: [PositionedTick]
    ) {
        self.cluster = cluster
        self.from = from
        self.to = to
        self.roster = roster
        self.points = points
        self.decisions = decisions
    }
}

/// One tick, or several neighbours drawn as one. A stretch that no point covers is a gap: nothing is known of it.
public struct TimelinePoint: Hashable, Sendable {
    /// One critical flow in the stretch.
    public struct Flow: Hashable, Sendable {
        /// The worst quality of the stretch: the one with the largest raw value that carries no number, else any.
        public var quality: SampleQuality
        /// The largest p95 above the base in the stretch; nil where none was measured.
        public var p95: Delay?
        public init(quality: SampleQuality, p95: Delay?) {
            self.quality = quality
            self.p95 = p95
        }
    }
    /// The end of the stretch.
    public var at: WallTime
    /// Its length. Unit: milliseconds. One tick's interval, or the sum of those drawn as one.
    public var spanMilliseconds: Int64
    /// In the roster's order; may be shorter where the roster grew.
    public var flows: [Flow]
    /// Σ over the managed workloads: the mean used rate; nil where one of them was not measured.
    public var used: BitRate?
    /// Σ of the limits as read back at the end of the stretch; nil where one workload carries no limit of ours.
    public var applied: BitRate?
    /// Σ of the limits as decided at the end of the stretch; nil where one was not decided.
    public var desired: BitRate?

    public init(
        at: WallTime, spanMilliseconds: Int64, flows: [Flow], used: BitRate? = nil, applied: BitRate? = nil, desired: BitRate? = nil
    ) {
        self.at = at
        self.spanMilliseconds = spanMilliseconds
        self.flows = flows
        self.used = used
        self.applied = applied
        self.desired = desired
    }

    /// The point of one tick's row with ordinal 0.
    public init(_ tick: Tick) {
        self.init(
            at: tick.at, spanMilliseconds: Int64(tick.intervalMilliseconds),
            flows: tick.flows.map { Flow(quality: $0.quality, p95: $0.p95) }, used: tick.workloads.sum(\.used),
            applied: tick.workloads.sum(\.applied), desired: tick.workloads.sum(\.desired))
    }
}

extension Sequence where Element == WorkloadUse {
    /// The sum over all of them; nil where there are none or one of them has no rate: a part is never shown as the whole.
    public func sum(_ rate: (WorkloadUse) -> BitRate?) -> BitRate? {
        var total: BitRate?
        for use in self {
            guard let one = rate(use) else { return nil }
            total = (total ?? .zero) + one
        }
        return total
    }
}
