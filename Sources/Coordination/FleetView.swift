public import Events
import Fleet
public import Quantities

/// What is known of each cluster at one moment, beside the configuration and in its order: looked up once for all that a round asks.
public struct FleetView {
    let layout: FleetLayout
    /// By workload, what its cluster's newest tick says of it; nil for one that was never heard of.
    let uses: [WorkloadUse?]
    /// By loop, its newest decision.
    let decisions: [LoopDecision?]
    /// By cluster, whether its newest tick is recent enough to be believed of the present.
    private let isHeard: [Bool]
    /// Grants go to clusters that act, are heard, and have a hub.
    let isGrantable: [Bool]
    /// By workload: what it may still use though its cluster is granted nothing now; zero for the others.
    let kept: [BitRate]
    /// Until then each cluster counts as now, unless something is folded.
    public let holdsUntil: MonotonicTime

    /// A cluster unheard for this many of its ticks is granted nothing new and keeps what it had.
    static let ticksUntilUnreachable: Int64 = 6
    /// One unheard for this many says nothing of a link's calm.
    private static let ticksUntilUnheard: Int64 = 3

    /// - Parameter now: for the age of the clusters' ticks.
    public init(_ layout: FleetLayout, _ state: FleetState, now: MonotonicTime) {
        var holdsUntil = MonotonicTime(nanoseconds: .max)
        var (uses, decisions): ([WorkloadUse?], [LoopDecision?]) = ([], [])
        var (isHeard, isGrantable): ([Bool], [Bool]) = ([], [])
        for cluster in layout.clusters {
            // One copy for all questions: each would copy the cluster's tables.
            let known = state.clusters[cluster.id]
            for workload in cluster.workloads { uses.append(known?.use(of: layout.workloads[workload].id)) }
            for loop in cluster.loops { decisions.append(known?.decision(on: layout.loops[loop].id.link)) }
            let newest = known?.newest
            isHeard.append(newest?.isFresh(at: now, ticks: FleetView.ticksUntilUnheard) ?? false)
            guard cluster.mayBeGranted, let newest, newest.isFresh(at: now, ticks: FleetView.ticksUntilUnreachable) else {
                isGrantable.append(false)
                continue
            }
            holdsUntil = min(holdsUntil, newest.foldedAt + newest.interval * FleetView.ticksUntilUnreachable)
            isGrantable.append(true)
        }
        #if DEBUG
        if PlantedBug.grantsUnheard.isPlanted { isGrantable = layout.clusters.map(\.mayBeGranted) }
        #endif
        var kept = [BitRate](repeating: .zero, count: layout.workloads.count)
        for (index, cluster) in layout.clusters.enumerated() where !isGrantable[index] {
            for workload in cluster.workloads {
                let id = layout.workloads[workload].id
                kept[workload] = FleetView.kept(uses[workload], cluster.mode == .enforce ? state.highestOutstanding(cluster.id, id) : nil)
            }
        }
        (self.layout, self.uses, self.decisions, self.isHeard) = (layout, uses, decisions, isHeard)
        (self.isGrantable, self.kept, self.holdsUntil) = (isGrantable, kept, holdsUntil)
    }

    /// An unreachable one may still use what it was last granted, for annotations have no expiry; one that observes counts with what it
    /// measurably uses.
    /// - Parameter outstanding: nil for one that does not act.
    private static func kept(_ use: WorkloadUse?, _ outstanding: BitRate?) -> BitRate {
        #if DEBUG
        if PlantedBug.givesAwayUnheard.isPlanted { return .zero }
        #endif
        return outstanding.map { max($0, use.map(mayFlow) ?? .zero) } ?? use?.used ?? .zero
    }

    /// What may flow of a workload by its newest row: its limit as read back. Where it has none, what it uses, or what its cluster was
    /// about to limit it to, if that is more.
    static func mayFlow(_ use: WorkloadUse) -> BitRate { use.applied ?? max(use.used ?? .zero, use.desired ?? .zero) }

    /// What a link keeps beside the grants: the reserves of critical flows, and what clusters that are granted nothing now may use.
    func kept(on link: Int) -> BitRate {
        layout.links[link].workloads.reduce(layout.links[link].reserve) { $0 + kept[$1] }
    }

    /// The same by workload, of clusters that would act: for whoever begins to fold here.
    var keptRates: [AllocationRecord.Kept] {
        layout.workloads.indices.compactMap { index in
            let cluster = layout.clusters[layout.workloads[index].cluster]
            guard cluster.mode == .enforce, kept[index] > .zero else { return nil }
            return AllocationRecord.Kept(cluster: cluster.id, workload: layout.workloads[index].id, rate: kept[index])
        }
    }

    /// What all loops on a link told since the last round.
    /// - Parameters:
    ///   - link: its place in the configuration.
    ///   - rows: those not yet taken as evidence.
    public func evidence(on link: Int, rows: [ClusterID: [LoopDecision]]) -> LinkEvidence {
        let loops = layout.links[link].loops.map { index in
            let loop = layout.loops[index]
            let isHeard = isHeard[loop.cluster]
            return LoopReport(
                loop: loop.id, watches: isHeard && loop.hasFlow, isHeard: isHeard, rows: rows[loop.id.cluster] ?? [], newest: decisions[index])
        }
        return LinkEvidence(loops: loops, kept: kept(on: link))
    }
}
