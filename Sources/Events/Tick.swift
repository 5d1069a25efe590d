public import Quantities

/// One row of the log's `tick` table: what a cluster measured in one window and what one of its loops decided.
///
/// A cluster with several loops, or with shadow laws, writes several rows for one tick: `number` is the same, `ordinal` counts
/// from 0, and the samples stand in the row with ordinal 0 only. So one decision is one row, and its position is its id.
public struct Tick: Hashable, Sendable {
    /// Counts the ticks of this stream, from 1.
    public var number: Int64
    public var ordinal: Int16
    /// The shipper's civil time at the end of the window. For people: order is by position.
    public var at: WallTime
    /// Length of a tick. Unit: milliseconds.
    public var intervalMilliseconds: Int32
    /// The position in this stream of the roster that names the flows, workloads, links and laws; their order is the arrays' order.
    public var rosterSequence: Int64
    /// The Lease's transitions, as the writer knew them: which term of leadership in the cluster this was.
    public var leaseTransitions: Int32
    /// Whether the writer was the cluster's leader, the one that may patch.
    public var isLeader: Bool
    /// The grant in force (term, version); nil where none lived.
    public var grant: GrantVersion?
    public var flows: [FlowSample]
    public var workloads: [WorkloadUse]
    /// Nil where the cluster has no loop at all.
    public var decision: LoopDecision?

    public init(
        number: Int64, ordinal: Int16 = 0, at: WallTime, intervalMilliseconds: Int32, rosterSequence: Int64,
        leaseTransitions: Int32 = 0, isLeader: Bool = true, grant: GrantVersion? = nil, flows: [FlowSample] = [],
        workloads: [WorkloadUse] = [], decision: LoopDecision? = nil
    ) {
        self.number = number
        self.ordinal = ordinal
        self.at = at
        self.intervalMilliseconds = intervalMilliseconds
        self.rosterSequence = rosterSequence
        self.leaseTransitions = leaseTransitions
        self.isLeader = isLeader
        self.grant = grant
        self.flows = flows
        self.workloads = workloads
        self.decision = decision
    }
}

/// Which grant: the coordinator's term and the version in it. Ordered by term, then version; an older one is ignored.
public struct GrantVersion: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let term: Int64
    public let version: Int64
    public init(term: Int64, version: Int64) {
        self.term = term
        self.version = version
    }
    public static func < (left: GrantVersion, right: GrantVersion) -> Bool {
        (left.term, left.version) < (right.term, right.version)
    }
    public var description: String { "\(term).\(version)" }
}
