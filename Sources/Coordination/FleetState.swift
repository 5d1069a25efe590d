public import Events
import Fleet
public import Quantities

/// The fleet as the log tells it: folded from every stream, equal for equal entries.
///
/// Each stream is believed in what is its own to tell: a cluster's spools tell of that cluster, the coordinator's stream alone of
/// grants and estimates, the operator's alone of overrides. What stands in the wrong place is counted and changes nothing, whoever
/// let it onto the log.
public struct FleetState: Sendable {
    public private(set) var clusters = ClusterStates()
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
    /// What each link was last learned to carry: the last estimate that no person's word moved.
    public private(set) var learned: [LinkID: BitRate] = [:]
    /// What clusters that the newest allocation granted nothing may still use, as it stated.
    private var kept: [ClusterID: [WorkloadID: BitRate]] = [:]
    /// The newest override of each link, ended or not.
    private var overrides: [LinkID: StandingOverride] = [:]
    /// Loop rows folded and not yet taken as evidence for their link, by cluster.
    private var unreadEvidence: [LinkID: [ClusterID: [LoopDecision]]] = [:]
    /// So many of one loop are given at the most. Nobody takes evidence while another leads; the oldest gives way.
    static let maximumUnreadEvidence = 64
    /// Grows whenever something was folded on which an allocation may rest: what the clusters' newest ticks tell, grants, and what
    /// unheard clusters keep. While it stands, and no cluster grows too old, an allocation stays what it is.
    public private(set) var revision: Int64 = 0
    /// Patches by result, for pages and metrics.
    public private(set) var patches: [PatchRecord.Result: Int64] = [:]
    /// The log's own clock, as far as its entries tell: when it stored the newest of those folded.
    public private(set) var logTime = WallTime(microseconds: .min)
    private var terms = TermsSeen()
    /// Entries that this version could not read: counted, passed over, never a stop.
    public private(set) var unreadable: Int64 = 0
    /// Entries that their stream may not tell, or that speak of another cluster: counted, never folded.
    public private(set) var misplaced: Int64 = 0

    public init() {}

    /// Begins at a place: what stands before it is not folded, but for what the place itself tells.
    public init(at place: FleetPlace) {
        cursors = place.cursors
        for (position, roster) in place.rosters {
            guard let cluster = position.stream.cluster, roster.cluster == cluster else { continue }
            clusters.change(cluster) { $0.declare(roster, at: position) }
        }
        for grant in place.grants { fold(grant) }
    }

    /// The highest term that can be true, wherever it was named; a new term lies above it. A restored database may know a lower one.
    public var highestTermSeen: Int64 { terms.highest }
    /// Terms that sites named and that cannot be true.
    public var absurdTerms: Int64 { terms.absurd }

    /// Forgets all that was folded, but for the terms, and begins anew: a database that was restored to an older state is where they
    /// are needed.
    public mutating func begin(at place: FleetPlace) {
        let (before, revision) = (terms, revision)
        self = FleetState(at: place)
        terms.merge(before)
        self.revision = revision + 1
    }

    /// Folds one record. Records of a stream come in order; one at or before the cursor was folded already and changes nothing.
    public mutating func fold(_ record: LogRecord, now: MonotonicTime) {
        let stream = record.position.stream
        guard moveCursor(to: record.position) else { return }
        logTime = max(logTime, record.receivedAt)
        let cluster = stream.cluster
        if !stream.admits(record.entry) {
            misplaced += 1
        } else {
            switch record.entry {
            case .tick(let tick): if let cluster { fold(tick, record, of: cluster, now: now) }
            case .event:
                do throws(FactError) { if let fact = try record.readFact() { fold(fact, record, of: cluster) } } catch { unreadable += 1 }
            }
        }
    }

    /// Goes past an entry that could not even be taken for one. The cursor moves, or the same page would be read for ever.
    public mutating func pass(over position: LogPosition) {
        if moveCursor(to: position) { unreadable += 1 }
    }

    private mutating func moveCursor(to position: LogPosition) -> Bool {
        func move(_ cursor: inout Int64) -> Bool {
            guard position.sequence > cursor else { return false }
            cursor = position.sequence
            return true
        }
        return move(&cursors[position.stream, default: 0])
    }

    private mutating func fold(_ tick: Tick, _ record: LogRecord, of id: ClusterID, now: MonotonicTime) {
        if let grant = tick.grant { terms.site(names: grant.term) }
        revision += 1
        func fold(into cluster: inout ClusterState) -> (link: LinkID?, held: GrantVersion?) {
            let link = cluster.fold(tick, at: record.position, receivedAt: record.receivedAt, now: now)
            defer { cluster.hasFreedGrants = true }
            return (link, cluster.hasFreedGrants ? nil : cluster.grantHeld)
        }
        let (link, held) = clusters.change(id, fold)
        if let link, let decision = tick.decision { keep(decision, of: id, on: link) }
        // What it says to hold frees older grants only where that was ever granted: what is not known stays reserved.
        if let held, let newest = grants[id]?.version, held <= newest { outstanding[id]?.removeAll { $0.version < held } }
    }

    private mutating func keep(_ evidence: LoopDecision, of cluster: ClusterID, on link: LinkID) {
        func keep(_ rows: inout [LoopDecision]) {
            rows.append(evidence)
            // Many at a time, so that not each new one moves all others.
            if rows.count > FleetState.maximumUnreadEvidence * 2 { rows.removeFirst(rows.count - FleetState.maximumUnreadEvidence) }
        }
        keep(&unreadEvidence[link, default: [:]][cluster, default: []])
    }

    private mutating func fold(_ fact: Fact, _ record: LogRecord, of cluster: ClusterID?) {
        switch fact {
        case .rosterDeclared(let roster):
            guard let cluster, roster.cluster == cluster else { return misplaced += 1 }
            clusters.change(cluster) { $0.declare(roster, at: record.position) }
        case .grantIssued(let grant): fold(grant)
        case .allocationDecided(let allocation): fold(allocation)
        case .capacityEstimated(let estimate): fold(estimate)
        case .patchSettled(let patch):
            guard cluster == nil || patch.cluster == cluster else { return misplaced += 1 }
            if cluster == nil { terms.centre(names: patch.term) } else { terms.site(names: patch.term) }
            patches[patch.result, default: 0] += 1
        case .capacityOverridden(let override):
            overrides[override.link] = StandingOverride(override, position: record.position, since: record.receivedAt)
        default: break
        }
    }

    private mutating func fold(_ estimate: CapacityEstimate) {
        estimates[estimate.link] = estimate
        if estimate.cause != LinkCapacity.overridden {
            learned[estimate.link] = estimate.effective
        } else if learned[estimate.link] == nil {
            learned[estimate.link] = estimate.before
        }
    }

    private mutating func fold(_ grant: Grant) {
        terms.centre(names: grant.version.term)
        revision += 1
        if clusters[grant.cluster] != nil { clusters.change(grant.cluster) { $0.hasFreedGrants = false } }
        if let newest = grants[grant.cluster], newest.version >= grant.version {
            // Behind the newest, which the place told of, come older ones that a site may still act under.
            if newest.version > grant.version { outstand(grant) }
            return
        }
        grants[grant.cluster] = grant
        outstand(grant)
    }

    /// What an allocation states anew is news only to whoever has not folded what it rests on.
    private mutating func fold(_ allocation: AllocationRecord) {
        revision += 1
        for link in allocation.links where learned[link.link] == nil {
            learned[link.link] = link.learned ?? link.effective
        }
        kept = Dictionary(grouping: allocation.kept, by: \.cluster).mapValues { rates in
            Dictionary(rates.map { ($0.workload, $0.rate) }, uniquingKeysWith: max)
        }
    }

    private mutating func outstand(_ grant: Grant) {
        var list = outstanding[grant.cluster, default: []]
        list.append(grant)
        list.sort { $0.version < $1.version }
        if list.count > FleetState.maximumOutstanding {
            let oldest = list.removeFirst()
            list[0].rates = list[0].rates.map { Grant.Rate(workload: $0.workload, rate: max($0.rate, oldest.rate(of: $0.workload) ?? .zero)) }
        }
        outstanding[grant.cluster] = list
    }

    /// The highest rate to which `cluster` may still raise `workload` under a grant that it holds or may yet receive, or to which it may
    /// have raised it while nobody heard it.
    public func highestOutstanding(_ cluster: ClusterID, _ workload: WorkloadID) -> BitRate {
        outstandingRates(of: cluster).highest(of: workload)
    }

    /// The same for whoever asks of one workload after the other.
    func outstandingRates(of cluster: ClusterID) -> OutstandingRates {
        OutstandingRates(kept: kept[cluster], grants: outstanding[cluster] ?? [])
    }
    struct OutstandingRates {
        fileprivate let kept: [WorkloadID: BitRate]?
        fileprivate let grants: [Grant]

        func highest(of workload: WorkloadID) -> BitRate {
            var highest = kept?[workload] ?? .zero
            for place in grants.indices { highest = max(highest, grants[place].rate(of: workload) ?? .zero) }
            return highest
        }
    }

    /// A person's word on what the link carries, where one is in force.
    public func override(of link: LinkID) -> StandingOverride? {
        overrides[link].flatMap { $0.isInForce(at: logTime) ? $0 : nil }
    }

    /// Takes the loop rows not yet taken as evidence for `link`, by cluster.
    public mutating func takeEvidence(for link: LinkID) -> [ClusterID: [LoopDecision]] {
        (unreadEvidence.removeValue(forKey: link) ?? [:]).mapValues { rows in
            rows.count > FleetState.maximumUnreadEvidence ? Array(rows.suffix(FleetState.maximumUnreadEvidence)) : rows
        }
    }
}
