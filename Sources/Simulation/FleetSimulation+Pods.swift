import Coordinator
import Events
import Fleet
import Quantities
import Shipper

/// A limit on its way to a cluster's API server.
struct PatchOrder: Sendable {
    enum Sender: Sendable {
        case shipper(Int, life: Int, WorkloadPatch)
        case coordinator(Int, life: Int, PushPatch)
    }
    var by: Sender
    var cluster: Int
    var sentAt: MonotonicTime

    var workload: WorkloadID {
        switch by {
        case .shipper(_, _, let patch): patch.workload
        case .coordinator(_, _, let patch): patch.workload
        }
    }
    var desired: BitRate {
        switch by {
        case .shipper(_, _, let patch): patch.desired
        case .coordinator(_, _, let patch): patch.desired
        }
    }
    /// What is written as the last writer, as the enforcers write it.
    var decision: String {
        switch by {
        case .shipper(_, _, let patch): patch.decision?.description ?? "unspooled"
        case .coordinator(_, _, let patch): patch.decision.description
        }
    }
    var term: Int64 {
        switch by {
        case .shipper(_, _, let patch): patch.term
        case .coordinator(_, _, let patch): patch.term
        }
    }
}

/// The API servers: a write is computed from what was read, and holds only while that stands.
extension FleetSimulation {
    /// How long a client waits for an API server.
    static let apiPatience = Nanoseconds.seconds(5)

    mutating func patchRead(_ order: PatchOrder) {
        let index = order.cluster
        guard let workload = sites[index].cluster.workloads.firstIndex(where: { $0.id == order.workload }) else { return }
        let faults = sites[index].faults
        if faults.contains(.apiSilent) { return settle(order, .unknown, after: FleetSimulation.apiPatience) }
        if faults.contains(.apiThrottled) { return settle(order, .refused, after: latency(upTo: 5)) }
        if sites[index].pods.workloads[workload].isEmpty { return settle(order, .gone, after: latency(upTo: 5)) }
        let (rule, isTrusted) = terms(of: order)
        let (writes, heldBack) = sites[index].pods.writes(of: order.desired, to: workload, term: order.term, rule)
        guard isTrusted, !writes.isEmpty else {
            return settle(order, heldBack > 0 || !isTrusted ? .lostRace : .applied, after: latency(upTo: 5))
        }
        var span = latency(upTo: 10)
        if faults.contains(.apiSlow) { span = span + .milliseconds(Int64(random.below(4_500))) }
        schedule(.patchWrite(order, writes), after: span)
    }

    /// What the enforcer asks before it writes: a shipper that died sends nothing any more, nor does a leader whose trust ended.
    private func terms(of order: PatchOrder) -> (SimulatedPods.Rule, isTrusted: Bool) {
        switch order.by {
        case .shipper(let index, let life, let patch): (.lowerOnly(isRaise: patch.isRaise), sites[index].life == life)
        case .coordinator(let index, let life, let patch):
            (.refuse(mayRaise: { patch.mayRaise(over: $0) }), centres[index].life == life && now.monotonic < patch.trustedUntil)
        }
    }

    mutating func patchWrite(_ order: PatchOrder, _ writes: [SimulatedPods.Write]) {
        let index = order.cluster
        guard let workload = sites[index].cluster.workloads.firstIndex(where: { $0.id == order.workload }) else { return }
        let faults = sites[index].faults
        if !faults.isDisjoint(with: [.apiConflict, .apiInvalid]) { return settle(order, .lostRace, after: latency(upTo: 5)) }
        if faults.contains(.apiThrottled) { return settle(order, .refused, after: latency(upTo: 5)) }
        let isUnanswered = !faults.isDisjoint(with: [.apiError, .apiSilent])
        if isUnanswered && random.below(2) == 0 { return settle(order, .unknown, after: FleetSimulation.apiPatience) }
        let before = sites[index].pods.limit(of: workload)
        let outcomes = writes.map { sites[index].pods.carryOut($0, on: workload, decision: order.decision) }
        enforceLimits(of: index)
        checker.written(order, writes, before: before, workload: workload, sites, index)
        let written = outcomes.count { $0 == .applied }
        if isUnanswered { return settle(order, .unknown, after: FleetSimulation.apiPatience) }
        let result: PatchRecord.Result =
            switch outcomes.min() {
            case .lostRace: .lostRace
            case .gone: .gone
            case .applied, nil: .applied
            }
        settle(order, result, objectCount: written, after: latency(upTo: 5))
    }

    private mutating func settle(_ order: PatchOrder, _ result: PatchRecord.Result, objectCount count: Int = 0, after span: Nanoseconds) {
        switch order.by {
        case .shipper(let index, let life, let patch):
            let report = PatchReport(workload: patch.workload, desired: patch.desired, result: result, objectCount: count)
            schedule(.shipper(index, life: life, .patchSettled(report)), after: span)
        case .coordinator(let index, let life, let patch):
            schedule(.coordinator(index, life: life, .patchSettled(patch, result: result, objectCount: count, detail: nil)), after: span)
        }
    }

    /// The plants follow what stands on the Pods: one without a limit makes the workload unlimited, none at all sends nothing.
    mutating func enforceLimits(of index: Int) {
        for (place, workload) in sites[index].workloads.enumerated() {
            let isAbsent = sites[index].pods.workloads[place].isEmpty
            world.setLimit(of: workload, to: isAbsent ? .zero : sites[index].pods.limit(of: place), at: now.monotonic)
        }
    }

    // MARK: - Claims

    mutating func claimRead(_ index: Int, _ life: Int, _ claim: PushClaim) {
        guard let site = sites.firstIndex(where: { $0.cluster.id == claim.cluster }) else { return }
        let faults = sites[site].faults
        guard faults.isDisjoint(with: [.apiSilent, .apiError, .apiThrottled]), now.monotonic < claim.trustedUntil else {
            return schedule(.coordinator(index, life: life, .claimed(cluster: claim.cluster, term: nil)), after: latency(upTo: 20))
        }
        let span = faults.contains(.apiSlow) ? Nanoseconds.milliseconds(Int64(random.below(4_500))) : latency(upTo: 20)
        schedule(.claimWrite(index, life: life, claim, sites[site].pods.workloads), after: span)
    }

    mutating func claimWrite(_ index: Int, _ life: Int, _ claim: PushClaim, _ read: [[SimulatedPods.Pod]]) {
        guard let site = sites.firstIndex(where: { $0.cluster.id == claim.cluster }) else { return }
        let isRefused = !sites[site].faults.isDisjoint(with: [.apiConflict, .apiInvalid, .apiSilent, .apiError, .apiThrottled])
        let isClaimed = !isRefused && sites[site].pods.claim(read, term: claim.term)
        schedule(.coordinator(index, life: life, .claimed(cluster: claim.cluster, term: isClaimed ? claim.term : nil)), after: latency(upTo: 20))
    }
}
