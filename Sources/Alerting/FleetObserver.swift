public import Events
import OrderedCollections
public import Quantities

/// Folds the ticks of all clusters, and the coordinator's allocations, into what the alert rules look at. Equal ticks, equal observations.
public struct FleetObserver: Equatable, Sendable {
    public private(set) var observations: [ClusterID: AlertObservation]
    /// A leader unheard for so many ticks does not make a tick with fewer lease transitions history: a Lease object that was
    /// deleted and made anew counts from 0 again.
    public static let forgottenAfterTicks: Int64 = 3

    public init(observations: [ClusterID: AlertObservation] = [:]) { self.observations = observations }

    /// Takes one row of a shipper's stream. The rows of a cluster come in the order of their stream.
    ///
    /// - Parameters:
    ///   - id: the cluster whose stream holds the row.
    ///   - roster: the one that the row names; what lies outside its arrays is passed over.
    ///   - arrivedAt: when the log received the row, on the alerter's clock: now, less the age by the log's own server.
    public mutating func apply(_ tick: Tick, of id: ClusterID, roster: Roster, arrivedAt: MonotonicTime) {
        // A standby measures, and its shipper is alive; but only the leader brakes, so only the leader counts.
        guard tick.isLeader else { return }
        FleetObserver.apply(tick, to: &observations[id, default: AlertObservation()], roster: roster, arrivedAt: arrivedAt)
    }

    /// In place: a copy of the observation would copy each of its tables.
    private static func apply(_ tick: Tick, to cluster: inout AlertObservation, roster: Roster, arrivedAt: MonotonicTime) {
        if tick.leaseTransitions < cluster.leaseTransitions, let last = cluster.lastTickAt {
            let interval = Nanoseconds.milliseconds(Int64(tick.intervalMilliseconds))
            guard arrivedAt - last > interval * FleetObserver.forgottenAfterTicks else { return }
        }
        cluster.leaseTransitions = tick.leaseTransitions
        cluster.lastTickAt = max(arrivedAt, cluster.lastTickAt ?? arrivedAt)
        // By place: what else the roster tells of a flow is not copied.
        let (flows, samples) = (roster.flows, tick.flows)
        for place in 0..<min(flows.count, samples.count) {
            let (flow, quality) = (flows[place].id, samples[place].quality)
            let before = cluster.flows[flow]
            let isAsBefore = before?.quality.hasValue == quality.hasValue
            cluster.flows[flow] = FlowObservation(quality: quality, since: isAsBefore ? before?.since ?? arrivedAt : arrivedAt)
        }
        let (workloads, uses) = (roster.workloads, tick.workloads)
        for place in 0..<min(workloads.count, uses.count) {
            let workload = workloads[place].id
            cluster.workloads[workload] = FleetObserver.observation(of: uses[place], after: cluster.workloads[workload], at: arrivedAt)
        }
        if let decision = tick.decision, !decision.isShadow, roster.links.indices.contains(Int(decision.link)) {
            cluster.loops[roster.links[Int(decision.link)]] = FleetObserver.observation(of: decision, roster: roster, at: arrivedAt)
        }
    }

    /// Takes an allocation of the coordinator's. A cluster that it does not name keeps what it was last given, which grows old.
    public mutating func apply(_ allocation: AllocationRecord, arrivedAt: MonotonicTime) {
        for share in allocation.shares {
            observations[share.cluster, default: AlertObservation()].shares[share.workload] = ShareObservation(
                share: share.share, binding: share.binding, decidedAt: arrivedAt)
        }
    }

    private static func observation(
        of use: WorkloadUse, after before: WorkloadObservation?, at now: MonotonicTime
    ) -> WorkloadObservation {
        var observation = WorkloadObservation(desired: use.desired, applied: use.applied, differsSince: nil)
        // Of what does not run there is nothing to limit.
        guard let desired = use.desired, use.replicas > 0 else { return observation }
        if let applied = use.applied, AlertObservation.isSame(desired, applied) { return observation }
        let stoodStill = before.map { $0.applied == use.applied } ?? false
        observation.differsSince = stoodStill ? before?.differsSince ?? now : now
        return observation
    }

    private static func observation(of decision: LoopDecision, roster: Roster, at now: MonotonicTime) -> LoopObservation {
        let input = decision.input
        let flow = input.flow.flatMap { roster.flows.indices.contains(Int($0)) ? roster.flows[Int($0)].id : nil }
        return LoopObservation(
            decidedAt: now, applied: input.applied, floor: input.floor, flow: flow,
            steering: input.quality.hasValue ? decision.outcome.smoothed ?? input.raw : nil, target: input.target,
            isPaused: input.evidence.contains(.paused))
    }
}
