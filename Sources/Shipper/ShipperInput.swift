public import Events
public import Jitter
public import Quantities

/// What reaches a shipper from outside. Each is handled at once, in the order of arrival, by `ShipperProcess.step`.
public enum ShipperInput: Sendable {
    /// A tick is due, and this is what the sources and the enforcer gave for it.
    case tick(Observation)
    /// The spool holds the batch durably. `dropped`: unsent entries, the oldest, that had to go to make room for it.
    case spooled(batch: Int64, dropped: ClosedRange<Int64>? = nil)
    /// The spool could not take the batch: full, broken. The brake does not wait for it.
    /// `isBeyondUse`: it never will again.
    case spoolFailed(batch: Int64, problem: String, isBeyondUse: Bool = false)
    /// What the spool had when asked by a `readSpool` effect.
    case spoolRead(SpoolReading)
    /// The old spool is set aside under `keptAs`; what a new one starts from.
    case spoolRenewed(ShipperResumption, keptAs: String)
    case spoolRenewalFailed(problem: String)
    case logAnswered(LogAnswer)
    /// The log could not be asked, or did not answer in time.
    case logUnreachable
    case patchSettled(PatchReport)
    /// An object of the workload runs on which no limit of ours stands.
    case workloadArrived(WorkloadID)
    /// The cluster's Lease changed hands, or was renewed under another count of transitions.
    case leadershipChanged(isLeader: Bool, transitions: Int32, holder: String)
    /// A time asked for by `wake` has come.
    case woke
}

/// All that one tick reads from outside: one reading per flow and per workload, in the configuration's order.
public struct Observation: Sendable {
    public var flows: [FlowObservation]
    public var workloads: [WorkloadReading]

    public init(flows: [FlowObservation], workloads: [WorkloadReading]) {
        self.flows = flows
        self.workloads = workloads
    }
}

/// What a measurement source gave for one flow since the last tick.
public enum FlowObservation: Sendable {
    /// Our own probes that were answered or given up since then.
    case probes([ProbeRecord])
    /// What a source outside (Prometheus, a trace) answered, with a word for people where it failed.
    case external(ExternalAnswer, problem: String? = nil)
}

/// What the enforcer and the counters gave for one workload.
public struct WorkloadReading: Sendable {
    public enum Limit: Sendable, Equatable {
        /// The sum over replicas, as it stands there now.
        case limited(BitRate)
        /// No limit of ours stands there.
        case unlimited
        /// Nothing of it runs: it sends nothing, and there is nothing to limit.
        case absent
        /// Could not be read.
        case unknown(String)
    }
    public enum Counter: Sendable, Equatable {
        /// Bytes sent since some beginning, and when they were read.
        case bytes(UInt64, at: MonotonicTime)
        /// A rate that the source itself computed.
        case rate(BitRate)
        case noSource
        case failed(String)
    }
    public var limit: Limit
    public var counter: Counter
    public var replicas: Int16
    /// Highest coordinator term found on the objects; 0 where none stands.
    public var term: Int64

    public init(limit: Limit, counter: Counter, replicas: Int16 = 1, term: Int64 = 0) {
        self.limit = limit
        self.counter = counter
        self.replicas = replicas
        self.term = term
    }
}

/// What came of one `patch` effect.
public struct PatchReport: Sendable, Equatable {
    public var workload: WorkloadID
    public var desired: BitRate
    public var result: PatchRecord.Result
    public var objectCount: Int
    public var detail: String?

    public init(workload: WorkloadID, desired: BitRate, result: PatchRecord.Result, objectCount: Int, detail: String? = nil) {
        self.workload = workload
        self.desired = desired
        self.result = result
        self.objectCount = objectCount
        self.detail = detail
    }
}
