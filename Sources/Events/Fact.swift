public import Quantities

/// A fact that stands on the log beside the ticks: the closed set. Past tense, one versioned JSON body each; the exact text is
/// what is hashed. Commands never stand here.
public indirect enum Fact: Equatable, Sendable {
    // Written by shippers.
    case rosterDeclared(Roster)
    case patchSettled(PatchRecord)
    case baseChanged(BaseChange)
    case leadershipChanged(LeadershipChange)
    case grantReceived(GrantVersion)
    case grantExpired(GrantVersion)
    case entriesLost(LostRange)
    case spoolSetAside(SpoolSetAside)
    case processStarted(ProcessStart)
    // Written by the coordinator.
    case capacityEstimated(CapacityEstimate)
    case allocationDecided(AllocationRecord)
    case grantIssued(Grant)
    // Written by an operator.
    case capacityOverridden(CapacityOverride)
    // Written by the alerter.
    case alertChanged(AlertChange)
    case notificationSettled(NotificationRecord)
}

/// What was patched, for which decision, and what came of it. One record per workload and attempt.
public struct PatchRecord: Equatable, Sendable {
    public enum Result: String, Sendable, CaseIterable {
        case applied
        /// The server said no, or a validation of ours did.
        case refused
        /// Nobody answered: read before deciding again.
        case unknown
        /// Somebody else was faster: re-read.
        case lostRace = "lost-race"
        /// Three foreign changes to our field in a row: stopped.
        case contested
        /// The object was not there any more.
        case gone
    }
    public var cluster: ClusterID
    public var workload: WorkloadID
    /// The total desired for the workload, over all its replicas.
    public var desired: BitRate
    /// The limit that stood before, as read back; nil where none did.
    public var before: BitRate?
    public var result: Result
    /// The decision that this patch carries out: a tick's position, or an allocation's.
    public var decision: LogPosition?
    /// The coordinator's term that the writer knew.
    public var term: Int64
    /// How many objects (Pods, tc classes) were changed.
    public var objectCount: Int
    /// One sentence, bounded to 300 bytes, no secrets.
    public var detail: String?

    public init(
        cluster: ClusterID, workload: WorkloadID, desired: BitRate, before: BitRate? = nil, result: Result,
        decision: LogPosition?, term: Int64, objectCount: Int = 1, detail: String? = nil
    ) {
        self.cluster = cluster
        self.workload = workload
        self.desired = desired
        self.before = before
        self.result = result
        self.decision = decision
        self.term = term
        self.objectCount = objectCount
        self.detail = detail.map { String(decoding: $0.utf8.prefix(300), as: UTF8.self) }
    }
}

/// The base delay of a flow moved. It falls at once; it rises only when the route changed.
public struct BaseChange: Equatable, Sendable {
    public var flow: FlowID
    /// Nil: there was none proven before.
    public var from: Delay?
    public var to: Delay
    /// `lower-seen`, `route-changed` or `proven`.
    public var cause: String
    public init(flow: FlowID, from: Delay?, to: Delay, cause: String) {
        self.flow = flow
        self.from = from
        self.to = to
        self.cause = cause
    }
}

public struct LeadershipChange: Equatable, Sendable {
    public var isLeader: Bool
    public var transitions: Int32
    public var holder: String
    public init(isLeader: Bool, transitions: Int32, holder: String) {
        self.isLeader = isLeader
        self.transitions = transitions
        self.holder = holder
    }
}

/// Entries that no spool can supply any more, with the digests of the chain around them. Stands on the log twice: at `last` as the
/// record that closes the hole (`LossRequest`), and after it as an ordinary entry, which the chain proves.
public struct LostRange: Hashable, Sendable {
    public var first: Int64
    public var last: Int64
    public var digestBefore: Digest
    public var digestAfter: Digest
    /// `full` (the spool dropped its oldest), `damaged` (a record on disk) or `forgotten` (the log went back further than the spool keeps).
    public var cause: String
    public init(first: Int64, last: Int64, digestBefore: Digest, digestAfter: Digest, cause: String) {
        self.first = first
        self.last = last
        self.digestBefore = digestBefore
        self.digestAfter = digestAfter
        self.cause = cause
    }
}

/// A writer began this stream because the log holds another history under the name of its old one: an alarm. The old spool is kept.
public struct SpoolSetAside: Equatable, Sendable {
    /// The stream that goes on no more, where its spool ended, and how much of it the log had acknowledged.
    public var stream: StreamName
    public var last: Int64
    public var acknowledged: Int64
    /// One sentence: what stood in the way.
    public var reason: String
    /// The name of the file that holds the old spool now, in the same directory.
    public var keptAs: String
    public init(stream: StreamName, last: Int64, acknowledged: Int64, reason: String, keptAs: String) {
        self.stream = stream
        self.last = last
        self.acknowledged = acknowledged
        self.reason = reason
        self.keptAs = keptAs
    }
}

public struct ProcessStart: Equatable, Sendable {
    public var role: String
    public var version: String
    /// `fresh`, `resumed` (a state was found to go on from) or `renewed` (a new spool took the place of one that was set aside).
    public var manner: String
    public init(role: String, version: String, manner: String) {
        self.role = role
        self.version = version
        self.manner = manner
    }
}

/// What the coordinator believes a link can carry for managed workloads without harming critical flows, and why it changed.
public struct CapacityEstimate: Equatable, Sendable {
    public var link: LinkID
    public var effective: BitRate
    public var before: BitRate
    /// `suffered`, `probing`, `calm`, `configured`; `overridden` and `override-ended` where a person's word moved it.
    public var cause: String
    /// The tick that moved it; nil for the configured start.
    public var evidence: LogPosition?
    public init(link: LinkID, effective: BitRate, before: BitRate, cause: String, evidence: LogPosition?) {
        self.link = link
        self.effective = effective
        self.before = before
        self.cause = cause
        self.evidence = evidence
    }
}

/// A person's word on what a link carries. It holds until it is replaced, ended, or has lasted as long as it should: then what was
/// learned before holds again. Never more than the configured capacity, and suffering lowers the link's belief below it all the same.
public struct CapacityOverride: Equatable, Sendable {
    public static let maximumActorBytes = 100
    public static let maximumReasonBytes = 300

    public var link: LinkID
    /// Nil: an override of this link ends.
    public var capacity: BitRate?
    /// How long it holds, by the log's own clock from when the log stored it; nil: until it is ended.
    public var lasts: Nanoseconds?
    /// Who says so, and why: both required, for whoever reads the log. Cut to their bounds.
    public var actor: String
    public var reason: String
    /// The hash of the plan that the person looked at.
    public var plan: String

    public init(link: LinkID, capacity: BitRate?, lasts: Nanoseconds?, actor: String, reason: String, plan: String) {
        self.link = link
        self.capacity = capacity
        self.lasts = lasts
        self.actor = String(decoding: actor.utf8.prefix(CapacityOverride.maximumActorBytes), as: UTF8.self)
        self.reason = String(decoding: reason.utf8.prefix(CapacityOverride.maximumReasonBytes), as: UTF8.self)
        self.plan = plan
    }
}

/// One alert's change of state.
public struct AlertChange: Equatable, Sendable {
    public enum State: String, Sendable, CaseIterable { case pending, firing, resolved }
    public var fingerprint: String
    public var rule: String
    public var state: State
    public var labels: [String: String]
    public var summary: String
    public init(fingerprint: String, rule: String, state: State, labels: [String: String], summary: String) {
        self.fingerprint = fingerprint
        self.rule = rule
        self.state = state
        self.labels = labels
        self.summary = summary
    }
}

public struct NotificationRecord: Equatable, Sendable {
    public var notification: String
    public var receiver: String
    /// `delivered`, `retry` or `dead`.
    public var result: String
    public var attempt: Int
    public var detail: String?
    public init(notification: String, receiver: String, result: String, attempt: Int, detail: String? = nil) {
        self.notification = notification
        self.receiver = receiver
        self.result = result
        self.attempt = attempt
        self.detail = detail
    }
}
