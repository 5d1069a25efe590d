import Events
import Fleet
import Quantities

/// New objects of a workload: they send without limit until one of ours stands on them, so they do not wait for the next tick.
extension ShipperProcess {
    /// What is desired of the workload is carried out anew at once, over all its objects: the limit is shared among one more.
    /// The decision carried out is the one that stands; where none stands yet, the next tick makes it.
    mutating func workloadArrived(_ workload: WorkloadID, _ now: Now) -> [ShipperEffect] {
        guard mayAct, let index = workloads.firstIndex(where: { $0.specification.id == workload }) else { return [] }
        workloads[index].arrived(at: now.monotonic)
        return patchArrivals(of: index)
    }

    /// Nothing where a patch is under way: it may have read the objects before this one came, so its end asks again.
    mutating func patchArrivals(of index: Int) -> [ShipperEffect] {
        let workload = workloads[index].specification
        guard mayAct, workloads[index].arrivedAt != nil, workloads[index].pendingPatch == nil, let desired = workloads[index].desired else {
            return []
        }
        // Where the centre raises, what stands may be less than what was last desired here; and what stands on all objects may be somebody
        // else's, which a limit of ours must not carry on: the newest grant, alive or not, is the most that we know to be the workload's.
        var standing = desired
        if settings.cluster.delivery == .push {
            standing = min(standing, workloads[index].applied ?? standing)
            if let granted = grants.grant?.rate(of: workload.id) { standing = min(standing, max(granted, settings.cluster.guardrails.clamp(workload.floor))) }
        }
        // What stands on several objects was rounded down on each: at the lower guardrail that is a few bits below it.
        let rate = settings.cluster.guardrails.clamp(standing)
        return patchNow([
            WorkloadPatch(
                workload: workload.id, desired: rate, before: nil, decision: standingDecision, term: grants.highestTerm)
        ])
    }

    /// The newest tick, where the spool has it: a position that may still be lost is no one's decision.
    private var standingDecision: LogPosition? {
        guard let decidedAt, !unspooled.contains(where: { $0.sequence == decidedAt }) else { return nil }
        return LogPosition(stream: stream, sequence: decidedAt)
    }

    /// What a patch of this workload that took effect says of its new objects: how long they ran without a limit of ours.
    mutating func settleArrivals(of index: Int, _ result: PatchRecord.Result, _ now: Now) -> Nanoseconds? {
        guard result == .applied, let span = workloads[index].enforcedArrivals(at: now.monotonic) else { return nil }
        status.arrivals[workloads[index].specification.id, default: ShipperStatus.Arrivals()].count(span)
        return span
    }
}
