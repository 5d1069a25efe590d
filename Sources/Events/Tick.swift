public import Quantities

/// One row of the log's `tick` table: what a cluster measured in one window and what one of its loops decided.
///
/// A cluster with several loops, or with shadow laws, writes several rows for one tick: `number` is the same, `ordinal` counts
/// from 0, and the samples stand in the row with ordinal 0 only. So one decision is one row, and its position is its id.
///
/// What it holds stands in a box that nobody changes: a row is large, and one that is read is handed on by many.
public struct Tick: Hashable, Sendable {
    private struct Row: Hashable, Sendable {
        var number: Int64
        var ordinal: Int16
        var at: WallTime
        var intervalMilliseconds: Int32
        var rosterSequence: Int64
        var leaseTransitions: Int32
        var isLeader: Bool
        var grant: GrantVersion?
        var flows: [FlowSample]
        var workloads: [WorkloadUse]
        var decision: LoopDecision?
    }
    private var row: Boxed<Row>

    /// Counts the ticks of this stream, from 1.
    public var number: Int64 { get { row.value.number } set { row.value.number = newValue } }
    public var ordinal: Int16 { get { row.value.ordinal } set { row.value.ordinal = newValue } }
    /// The shipper's civil time at the end of the window. For people: order is by position.
    public var at: WallTime { get { row.value.at } set { row.value.at = newValue } }
    /// Length of a tick. Unit: milliseconds.
    public var intervalMilliseconds: Int32 { get { row.value.intervalMilliseconds } set { row.value.intervalMilliseconds = newValue } }
    /// The position in this stream of the roster that names the flows, workloads, links and laws; their order is the arrays' order.
    public var rosterSequence: Int64 { get { row.value.rosterSequence } set { row.value.rosterSequence = newValue } }
    /// The Lease's transitions, as the writer knew them: which term of leadership in the cluster this was.
    public var leaseTransitions: Int32 { get { row.value.leaseTransitions } set { row.value.leaseTransitions = newValue } }
    /// Whether the writer was the cluster's leader, the one that may patch.
    public var isLeader: Bool { get { row.value.isLeader } set { row.value.isLeader = newValue } }
    /// The grant in force (term, version); nil where none lived.
    public var grant: GrantVersion? { get { row.value.grant } set { row.value.grant = newValue } }
    public var flows: [FlowSample] { get { row.value.flows } set { row.value.flows = newValue } }
    public var workloads: [WorkloadUse] { get { row.value.workloads } set { row.value.workloads = newValue } }
    /// Nil where the cluster has no loop at all.
    public var decision: LoopDecision? { get { row.value.decision } set { row.value.decision = newValue } }

    public init(
        number: Int64, ordinal: Int16 = 0, at: WallTime, intervalMilliseconds: Int32, rosterSequence: Int64,
        leaseTransitions: Int32 = 0, isLeader: Bool = true, grant: GrantVersion? = nil, flows: [FlowSample] = [],
        workloads: [WorkloadUse] = [], decision: LoopDecision? = nil
    ) {
        row = Boxed(
            Row(
                number: number, ordinal: ordinal, at: at, intervalMilliseconds: intervalMilliseconds, rosterSequence: rosterSequence,
                leaseTransitions: leaseTransitions, isLeader: isLeader, grant: grant, flows: flows, workloads: workloads, decision: decision))
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
