public import Events
import Fleet
public import Quantities

/// What the coordinator knows of one cluster, folded from its streams.
public struct ClusterState: Sendable {
    public let id: ClusterID
    /// The newest tick of any spool of the cluster that led, and where its first row stands.
    public internal(set) var newest: NewestTick?
    /// How far each stream of the cluster was folded.
    public internal(set) var folded: [StreamName: Int64] = [:]
    var rosters: [LogPosition: Roster] = [:]
    /// What each workload was last measured and read back to be, by the newest tick.
    public internal(set) var workloads: [WorkloadID: WorkloadUse] = [:]
    /// The newest decision per link.
    public internal(set) var loops: [LinkID: LoopDecision] = [:]
    /// The grant that the cluster said it holds, with its newest tick.
    public internal(set) var grantHeld: GrantVersion?
    /// Loop rows folded and not yet taken as evidence for their link.
    var unreadEvidence: [LinkID: [LoopDecision]] = [:]

    public struct NewestTick: Sendable, Equatable {
        public var position: LogPosition
        public var number: Int64
        public var at: WallTime
        /// When the coordinator folded it, on its own monotonic clock: age is counted from here.
        public var foldedAt: MonotonicTime
        /// When the log stored it.
        public var receivedAt: WallTime
        public var interval: Nanoseconds
    }

    static let maximumUnreadEvidence = 64

    init(id: ClusterID) { self.id = id }

    /// Whether the newest tick is at most `ticks` ticks old; a cluster never heard is not fresh.
    public func isFresh(at now: MonotonicTime, ticks: Int64) -> Bool {
        guard let newest else { return false }
        return now - newest.foldedAt <= newest.interval * ticks
    }

    mutating func fold(_ tick: Tick, at position: LogPosition, receivedAt: WallTime, now: MonotonicTime) {
        // A deposed replica's backlog is history: it changes no present state.
        guard tick.isLeader else { return }
        if let newest, newest.position.stream != position.stream, receivedAt < newest.receivedAt { return }
        guard let roster = rosters[LogPosition(stream: position.stream, sequence: tick.rosterSequence)] else { return }
        if tick.ordinal == 0 {
            newest = NewestTick(
                position: position, number: tick.number, at: tick.at, foldedAt: now, receivedAt: receivedAt,
                interval: .milliseconds(Int64(tick.intervalMilliseconds)))
            grantHeld = tick.grant
            for (workload, use) in zip(roster.workloads, tick.workloads) { workloads[workload.id] = use }
        } else if newest?.position.stream == position.stream {
            // The rows of one tick count as folded together.
            newest?.position = position
        }
        guard let decision = tick.decision, !decision.isShadow, roster.links.indices.contains(Int(decision.link)) else { return }
        let link = roster.links[Int(decision.link)]
        loops[link] = decision
        unreadEvidence[link, default: []].append(decision)
        // Nobody takes evidence while another leads; the oldest gives way.
        if unreadEvidence[link]!.count > ClusterState.maximumUnreadEvidence { unreadEvidence[link]!.removeFirst() }
    }
}

/// The fleet as the log tells it: folded from every stream, equal for equal entries.
public struct FleetState: Sendable {
    public private(set) var clusters: [ClusterID: ClusterState] = [:]
    /// How far each stream was folded, the central ones included.
    public private(set) var cursors: [StreamName: Int64] = [:]
    /// The newest grant per cluster on the coordinator's stream, whoever led.
    public private(set) var grants: [ClusterID: Grant] = [:]
    /// Grants issued that a cluster may still act under: those from the one it holds on, newest last. An older one than it holds
    /// is dead, for a receiver ignores older versions.
    public private(set) var outstanding: [ClusterID: [Grant]] = [:]
    /// More than this many are merged, each workload keeping its highest rate.
    static let maximumOutstanding = 8
    /// The last estimate of each link on the coordinator's stream.
    public private(set) var estimates: [LinkID: CapacityEstimate] = [:]
    /// Patches by result, for pages and metrics.
    public private(set) var patches: [PatchRecord.Result: Int64] = [:]
    /// The highest term that any entry names: in a grant, in a tick that was made under one, in a patch. A restored database may know
    /// a lower one; a new term lies above this all the same, or the sites would take nothing from it.
    public private(set) var highestTermSeen: Int64 = 0
    /// Entries that this version could not read: counted, passed over, never a stop.
    public private(set) var unreadable: Int64 = 0

    public init() {}

    /// Folds one record. Records of a stream come in order; one at or before the cursor was folded already and changes nothing.
    public mutating func fold(_ record: LogRecord, now: MonotonicTime) {
        let stream = record.position.stream
        guard record.position.sequence > cursors[stream, default: 0] else { return }
        cursors[stream] = record.position.sequence
        switch record.entry {
        case .tick(let tick):
            guard let id = stream.cluster else { return }
            highestTermSeen = max(highestTermSeen, tick.grant?.term ?? 0)
            clusters[id, default: ClusterState(id: id)].fold(tick, at: record.position, receivedAt: record.receivedAt, now: now)
            if let held = clusters[id]?.grantHeld { outstanding[id]?.removeAll { $0.version < held } }
        case .event(let envelope):
            do throws(FactError) { fold(try envelope.fact(), at: record.position) } catch { unreadable += 1 }
        }
        if let id = stream.cluster { clusters[id, default: ClusterState(id: id)].folded[stream] = record.position.sequence }
    }

    private mutating func fold(_ fact: Fact, at position: LogPosition) {
        switch fact {
        case .rosterDeclared(let roster):
            guard let id = position.stream.cluster else { return }
            clusters[id, default: ClusterState(id: id)].rosters[position] = roster
        case .grantIssued(let grant):
            highestTermSeen = max(highestTermSeen, grant.version.term)
            if let held = grants[grant.cluster], held.version >= grant.version { return }
            grants[grant.cluster] = grant
            outstand(grant)
        case .capacityEstimated(let estimate): estimates[estimate.link] = estimate
        case .patchSettled(let patch):
            highestTermSeen = max(highestTermSeen, patch.term)
            patches[patch.result, default: 0] += 1
        default: break
        }
    }

    private mutating func outstand(_ grant: Grant) {
        var list = outstanding[grant.cluster, default: []]
        list.append(grant)
        if list.count > FleetState.maximumOutstanding {
            let oldest = list.removeFirst()
            for index in list[0].rates.indices {
                let rate = oldest.rate(of: list[0].rates[index].workload) ?? .zero
                list[0].rates[index].rate = max(list[0].rates[index].rate, rate)
            }
        }
        outstanding[grant.cluster] = list
    }

    /// The highest rate to which `cluster` may still raise `workload` under a grant that it holds or may yet receive.
    public func highestOutstanding(_ cluster: ClusterID, _ workload: WorkloadID) -> BitRate {
        (outstanding[cluster] ?? []).compactMap { $0.rate(of: workload) }.max() ?? .zero
    }

    /// Takes the loop rows not yet taken as evidence for `link`, by cluster.
    public mutating func takeEvidence(for link: LinkID) -> [ClusterID: [LoopDecision]] {
        var taken: [ClusterID: [LoopDecision]] = [:]
        for id in clusters.keys {
            guard let rows = clusters[id]?.unreadEvidence.removeValue(forKey: link), !rows.isEmpty else { continue }
            taken[id] = rows
        }
        return taken
    }
}
