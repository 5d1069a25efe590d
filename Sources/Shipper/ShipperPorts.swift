public import Events
import Fleet
public import Quantities

/// Where a shipper's measurements come from: one answer per flow of the configuration, in its order.
public protocol MeasurementSource: Sendable {
    /// What was measured since the last call. Never throws: a source that fails says so in its answer, flow by flow.
    func observe(until now: MonotonicTime) async -> [FlowObservation]
}

/// What carries a rate out, and reads back how it stands.
public protocol BandwidthEnforcer: Sendable {
    /// One reading per workload of the configuration, in its order. Never throws: what cannot be read says so. Returns soon after its
    /// task was cancelled, with what had been read by then and `unknown` for the rest.
    func read() async -> [WorkloadReading]
    /// Sets one workload's limit. Never throws: the result says what came of it, `unknown` where nobody answered.
    func apply(_ patch: WorkloadPatch) async -> PatchReport
}

/// Thrown by a spool whose file is damaged beyond use: it must be set aside.
public struct SpoolBeyondUse: Error, Equatable, Sendable, CustomStringConvertible {
    public let problem: String
    public init(_ problem: String) { self.problem = problem }
    public var description: String { problem }
}

/// Where new objects of the managed workloads are heard of.
public protocol ArrivalSource: Sendable {
    /// Tells of each object that runs without a limit of ours, once. Lasts until its task is cancelled; what it misses the next tick
    /// finds.
    func watch(_ tell: @escaping @Sendable (WorkloadID) -> Void) async
}

/// The spool, as a shipper needs it.
public protocol SpoolStore: Sendable {
    /// Returns when the batch is durable: the unsent entries, the oldest, that had to be dropped to make room for it; nil as a rule.
    func append(_ batch: SpoolBatch) async throws -> ClosedRange<Int64>?
    /// What follows `sequence`, bounded in number and bytes by the spool.
    func read(after sequence: Int64) async throws -> SpoolReading
    func acknowledge(upTo sequence: Int64) async throws
    func rememberEpoch(_ epoch: Int64) async throws
    /// Sets the spool aside, never to be written again, and begins a new one; every later call goes to that. Returns what it starts
    /// from, and the name of the file that holds the old one.
    func renew() async throws -> (resumption: ShipperResumption, keptAs: String)
}

/// Who may act in the cluster: the holder of its Lease.
public protocol LeadershipSource: Sendable {
    /// Tells the leadership at once, and whenever it changes. Lasts until its task is cancelled.
    func watch(_ tell: @Sendable (Leadership) -> Void) async
}

public struct Leadership: Sendable, Equatable {
    public var isLeader: Bool
    public var transitions: Int32
    public var holder: String
    public init(isLeader: Bool, transitions: Int32, holder: String) {
        self.isLeader = isLeader
        self.transitions = transitions
        self.holder = holder
    }
}

/// The outside of one shipper.
public struct ShipperPorts: Sendable {
    public var measurements: any MeasurementSource
    public var enforcer: any BandwidthEnforcer
    public var spool: any SpoolStore
    /// Nil where there is no centre.
    public var log: (any EventLog)?
    /// Nil where there is one replica alone, which leads.
    public var leadership: (any LeadershipSource)?
    /// Nil where a limit holds for whatever comes, as on a device.
    public var arrivals: (any ArrivalSource)?
    public var now: @Sendable () -> Now
    public var tell: @Sendable (ShipperNote) -> Void
    /// Called after every step with what the shipper shows of itself.
    public var show: @Sendable (ShipperStatus) -> Void
    /// Called at each place, on the task that is there: where process tests kill a shipper.
    public var reach: @Sendable (ShipperPlace) -> Void

    public init(
        measurements: any MeasurementSource, enforcer: any BandwidthEnforcer, spool: any SpoolStore, log: (any EventLog)?,
        leadership: (any LeadershipSource)? = nil, arrivals: (any ArrivalSource)? = nil, now: @escaping @Sendable () -> Now,
        tell: @escaping @Sendable (ShipperNote) -> Void = { _ in }, show: @escaping @Sendable (ShipperStatus) -> Void = { _ in },
        reach: @escaping @Sendable (ShipperPlace) -> Void = { _ in }
    ) {
        self.measurements = measurements
        self.enforcer = enforcer
        self.spool = spool
        self.log = log
        self.leadership = leadership
        self.arrivals = arrivals
        self.now = now
        self.tell = tell
        self.show = show
        self.reach = reach
    }
}
