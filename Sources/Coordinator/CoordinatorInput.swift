public import Coordination
public import Events
public import Quantities

/// What reaches the coordinator from outside.
public enum CoordinatorInput: Sendable {
    /// A tick of its own is due.
    case tick
    /// What the log held after the cursors asked for, in order per stream. `isComplete`: nothing more stood there at that moment.
    case records([LogRecord], isComplete: Bool)
    /// The log could not be read.
    case readFailed
    case leaseAnswered(LeaseAnswer)
    case leaseUnanswered
    case logAnswered(LogAnswer)
    case logUnreachable
    /// A pushed patch was answered.
    case patchSettled(cluster: ClusterID, workload: WorkloadID, desired: BitRate, result: PatchRecord.Result, objectCount: Int, detail: String?)
    /// The managed Pods of a pushed cluster carry this term now; nil where that failed.
    case claimed(cluster: ClusterID, term: Int64?)
    case woke
}

/// What the coordinator wants done outside, in order.
public enum CoordinatorEffect: Sendable, Equatable {
    /// Acquire or renew the lease; report `leaseAnswered` or `leaseUnanswered`.
    case askLease
    /// Read what follows these cursors in every stream; report `records` or `readFailed`.
    case readLog(after: [StreamName: Int64])
    case send(LogRequest)
    /// Set a workload's limit in a pushed cluster, unless a newer term or an unknown writer stands there.
    case patch(cluster: ClusterID, workload: WorkloadID, desired: BitRate, decision: LogPosition, term: Int64)
    /// Write this term on the managed Pods of a pushed cluster, so that an older leader's late patch fails its test.
    case claim(cluster: ClusterID, term: Int64)
    case wake(at: MonotonicTime)
    case note(String, [String: String])
}
