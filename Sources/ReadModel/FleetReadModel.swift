public import Events
public import Quantities

/// What people read: the fleet, as the log tells it. The pages and the reading commands know nothing else, so that they run over
/// SQL and over memory alike. Every answer is bounded; the bound stands at each question. All of them throw where the log cannot be
/// read, and never answer with an older state as if it were the present.
public protocol FleetReadModel: Sendable {
    /// Every cluster that has a stream on the log, in order of id.
    func clusters() async throws -> [ClusterOverview]

    /// What happened in one cluster from `from` (exclusive) to `to` (inclusive), by the shippers' own clocks; nil where no stream
    /// of the cluster is on the log. At most `points` points, and the newest `ClusterTimeline.maximumDecisions` decisions.
    func timeline(of cluster: ClusterID, from: WallTime, to: WallTime, points: Int) async throws -> ClusterTimeline?

    /// The newest state of every alert that is pending or firing, and the newest `AlertOverview.maximumResolved` resolved ones;
    /// firing first, then pending, then resolved, each newest first.
    func alerts() async throws -> [AlertOverview]

    /// The tick's row at a position, with the roster that names it and the patches that carried it out; nil where none stands.
    func decision(at position: LogPosition) async throws -> DecisionRecord?

    /// The newest allocation; nil where none was decided yet.
    func newestAllocation() async throws -> AllocationOverview?

    /// A page of the log, newest first: of one stream by sequence, of all streams by (received, stream, sequence).
    /// `limit` is at most `LogPage.maximumRecords`.
    func logPage(stream: StreamName?, before: LogCursor?, limit: Int) async throws -> LogPage

    /// The last sequence number of every stream: what a reader polls to see that something is new.
    func heads() async throws -> [StreamHeadPosition]
}

/// One cluster as its newest tick shows it.
public struct ClusterOverview: Sendable {
    public var cluster: ClusterID
    /// The roster that the newest tick names; nil where it is not on the log.
    public var roster: Roster?
    /// The rows of the newest tick of any of the cluster's streams, in order of ordinal; empty where there is none.
    public var newest: [PositionedTick]
    /// When the log stored them, by the log's own clock.
    public var receivedAt: WallTime?
    public var alertsFiring: Int
    public var alertsPending: Int

    public init(
        cluster: ClusterID, roster: Roster?, newest: [PositionedTick], receivedAt: WallTime?, alertsFiring: Int = 0,
        alertsPending: Int = 0
    ) {
        self.cluster = cluster
        self.roster = roster
        self.newest = newest
        self.receivedAt = receivedAt
        self.alertsFiring = alertsFiring
        self.alertsPending = alertsPending
    }
}

/// One alert in its newest state.
public struct AlertOverview: Sendable {
    /// How many resolved alerts are told of.
    public static let maximumResolved = 50

    public var position: LogPosition
    public var change: AlertChange
    /// When the present state began.
    public var since: WallTime

    public init(position: LogPosition, change: AlertChange, since: WallTime) {
        self.position = position
        self.change = change
        self.since = since
    }
}

/// One decision with all that explains it.
public struct DecisionRecord: Sendable {
    public var position: LogPosition
    public var tick: Tick
    public var roster: Roster?
    public var receivedAt: WallTime
    /// The patches whose `decision` is this position, in order.
    public var settled: [PatchRecord]
    /// The decisions of the same link and law just before and after it in the same stream, where there are any.
    public var previous: LogPosition?
    public var next: LogPosition?

    public init(
        position: LogPosition, tick: Tick, roster: Roster?, receivedAt: WallTime, settled: [PatchRecord] = [],
        previous: LogPosition? = nil, next: LogPosition? = nil
    ) {
        self.position = position
        self.tick = tick
        self.roster = roster
        self.receivedAt = receivedAt
        self.settled = settled
        self.previous = previous
        self.next = next
    }
}

/// The newest allocation and where it stands.
public struct AllocationOverview: Sendable {
    public var position: LogPosition
    public var at: WallTime
    public var allocation: AllocationRecord

    public init(position: LogPosition, at: WallTime, allocation: AllocationRecord) {
        self.position = position
        self.at = at
        self.allocation = allocation
    }
}

/// The end of a stream as a position.
public struct StreamHeadPosition: Hashable, Sendable {
    public var stream: StreamName
    /// 0 where the stream is empty.
    public var sequence: Int64

    public init(stream: StreamName, sequence: Int64) {
        self.stream = stream
        self.sequence = sequence
    }
}
