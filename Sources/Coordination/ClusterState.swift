public import Events
import Fleet
import OrderedCollections
public import Quantities

/// What the coordinator knows of one cluster, folded from its streams.
public struct ClusterState: Sendable {
    public let id: ClusterID
    /// The newest tick of any spool of the cluster that led, and where its first row stands.
    public internal(set) var newest: NewestTick?
    private var rosters: [LogPosition: Roster] = [:]
    // A cluster has a handful of either: one after the other they are sooner found than by the hash of a name.
    private var workloads: OrderedDictionary<WorkloadID, WorkloadUse> = [:]
    private var loops: OrderedDictionary<LinkID, LoopDecision> = [:]
    /// The grant that the cluster said it holds, with its newest tick.
    public internal(set) var grantHeld: GrantVersion?
    /// Whether what it holds was set against the grants that were issued to it, and neither has changed since.
    var hasFreedGrants = false

    public struct NewestTick: Sendable, Equatable {
        public var position: LogPosition
        public var number: Int64
        public var at: WallTime
        /// When the coordinator folded it, on its own monotonic clock: age is counted from here.
        public var foldedAt: MonotonicTime
        /// When the log stored it.
        public var receivedAt: WallTime
        public var interval: Nanoseconds
        /// The log received it sooner after the tick before than ticks follow each other: a spool is catching up, and what it tells
        /// is of an earlier time.
        public var isBacklog = false

        func isFresh(at now: MonotonicTime, ticks: Int64) -> Bool { now - foldedAt <= interval * ticks }
    }

    init(id: ClusterID) { self.id = id }

    mutating func declare(_ roster: Roster, at position: LogPosition) { rosters[position] = roster }

    /// What a workload was last measured and read back to be, by the newest tick.
    public func use(of workload: WorkloadID) -> WorkloadUse? { workloads[workload] }
    /// The newest decision of the loop on a link.
    public func decision(on link: LinkID) -> LoopDecision? { loops[link] }
    /// Whether a loop's newest decision is a brake.
    public var isBraking: Bool { loops.values.contains { $0.outcome.isBrake } }

    /// Whether the newest tick is at most `ticks` ticks old; a cluster never heard is not fresh.
    public func isFresh(at now: MonotonicTime, ticks: Int64) -> Bool { newest?.isFresh(at: now, ticks: ticks) ?? false }

    /// Returns the link of which the row tells a decision; nil where it tells of none, or nothing of the present.
    mutating func fold(_ tick: Tick, at position: LogPosition, receivedAt: WallTime, now: MonotonicTime) -> LinkID? {
        // A deposed replica's backlog is history: it changes no present state.
        guard tick.isLeader else { return nil }
        if let newest, newest.position.stream != position.stream, receivedAt < newest.receivedAt { return nil }
        guard let roster = rosters[LogPosition(stream: position.stream, sequence: tick.rosterSequence)] else { return nil }
        if tick.ordinal == 0 {
            let before = newest.flatMap { $0.position.stream == position.stream ? $0.receivedAt : nil }
            newest = NewestTick(
                position: position, number: tick.number, at: tick.at, foldedAt: now, receivedAt: receivedAt,
                interval: .milliseconds(Int64(tick.intervalMilliseconds)))
            newest?.isBacklog = before.map { receivedAt - $0 < .milliseconds(Int64(tick.intervalMilliseconds) / 2) } ?? false
            hasFreedGrants = hasFreedGrants && grantHeld == tick.grant
            grantHeld = tick.grant
            let (names, uses) = (roster.workloads, tick.workloads)
            for place in 0..<min(names.count, uses.count) { workloads[names[place].id] = uses[place] }
        } else if newest?.position.stream == position.stream {
            // The rows of one tick count as folded together.
            newest?.position = position
        }
        let links = roster.links
        guard let decision = tick.decision, !decision.isShadow, links.indices.contains(Int(decision.link)) else { return nil }
        let link = links[Int(decision.link)]
        loops[link] = decision
        return link
    }
}
