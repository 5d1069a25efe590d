public import Coordination
public import Events
public import Quantities

/// What reaches the coordinator from outside.
public enum CoordinatorInput: Sendable {
    /// A tick of its own is due.
    case tick
    /// What the log held after the cursors asked for, in order per stream; `unreadable`: the places among them that this version
    /// cannot read, or where nothing is stored any more. `isComplete`: nothing more stood there at that moment.
    case records([LogRecord], unreadable: [LogPosition] = [], isComplete: Bool)
    /// Where the folding may begin.
    case placed(FleetPlace)
    /// The log could not be read, or its place not be found.
    case readFailed
    /// The log holds less of a stream than was folded of it: the database was restored to an older state.
    case logMovedBack
    case leaseAnswered(LeaseAnswer)
    case leaseUnanswered
    case logAnswered(LogAnswer)
    case logUnreachable
    /// A pushed patch was answered.
    case patchSettled(PushPatch, result: PatchRecord.Result, objectCount: Int, detail: String?)
    /// The managed Pods of a pushed cluster carry this term now; nil where that failed.
    case claimed(cluster: ClusterID, term: Int64?)
    case woke
}

/// What the coordinator wants done outside, in order.
public enum CoordinatorEffect: Sendable, Equatable {
    /// Acquire or renew the lease, under a term not below this; report `leaseAnswered` or `leaseUnanswered`.
    case askLease(highestTermSeen: Int64)
    /// Find out where the folding may begin; report `placed` or `readFailed`.
    case findPlace
    /// Read what follows these cursors in every stream; report `records` or `readFailed`.
    case readLog(after: [StreamName: Int64])
    case send(LogRequest)
    /// Set a workload's limit in a pushed cluster; report `patchSettled`.
    case patch(PushPatch)
    /// Write this term on the managed Pods of a pushed cluster, so that an older leader's late patch fails its test; report `claimed`.
    case claim(PushClaim)
    case wake(at: MonotonicTime)
    case note(String, [String: String])
}

/// One limit that the centre sets in a cluster with `push` delivery.
public struct PushPatch: Sendable, Equatable {
    public var cluster: ClusterID
    public var workload: WorkloadID
    /// The total over all replicas.
    public var desired: BitRate
    /// The grant that it carries out, on the coordinator's stream.
    public var decision: LogPosition
    public var term: Int64
    /// When the term's trust ended, as it stood at the decision. Nothing is sent after this, and nothing read after it is written over.
    public var trustedUntil: MonotonicTime
    /// How far each stream was folded when this was decided: an object whose last writer lies beyond may be lowered, not raised.
    public var folded: [StreamName: Int64]
    /// Whether this was decided as a raise. What was decided as a decrease raises no object: a limit may have come down further than
    /// the tick told on which it rests.
    public var isRaise: Bool

    /// Whether an object last written for `writer` may be raised. One that nobody of ours wrote may be, within the grant.
    public func mayRaise(over writer: String?) -> Bool {
        guard isRaise else { return false }
        guard let writer else { return true }
        guard let position = LogPosition(parsing: writer) else { return false }
        return folded[position.stream, default: 0] >= position.sequence
    }
}

/// A term that is to be written on a cluster's managed Pods.
public struct PushClaim: Sendable, Equatable {
    public var cluster: ClusterID
    public var term: Int64
    /// As in `PushPatch`.
    public var trustedUntil: MonotonicTime
}
