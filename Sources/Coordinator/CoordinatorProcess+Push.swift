import Coordination
import Events
import Fleet
import Quantities

/// What the centre writes into clusters with `push` delivery.
extension CoordinatorProcess {
    /// What was stored is carried out in the clusters to which the centre delivers: decreases always, raises only over what the
    /// coordinator has folded and while the cluster's newest tick is at most two ticks old.
    mutating func push(_ stored: [LogEntry], first: Int64, _ now: Now) -> [CoordinatorEffect] {
        guard let term = lease.actingTerm(at: now.monotonic), let trustedUntil = lease.trustedUntil else { return [] }
        var effects: [CoordinatorEffect] = []
        for (offset, entry) in stored.enumerated() {
            let decision = LogPosition(stream: .coordinator, sequence: first + Int64(offset))
            guard let grant = CoordinatorProcess.ownGrant(entry, at: decision),
                let cluster = fleet.cluster(grant.cluster), cluster.delivery == .push, cluster.mode == .enforce
            else { continue }
            let mayRaise = claimedTerms[cluster.id] == term && state.clusters[cluster.id]?.isFresh(at: now.monotonic, ticks: 2) == true
                && state.clusters[cluster.id]?.newest?.isBacklog == false
            for rate in grant.rates {
                let use = state.clusters[cluster.id]?.use(of: rate.workload)
                let applied = use?.applied
                // A share of an infeasible allocation may lie below what can be enforced.
                let desired = cluster.guardrails.clamp(pushedRate(rate, applied: applied, cluster: cluster))
                if let use, let applied, applied.carriesOut(desired, over: Int(use.replicas)) { continue }
                let isRaise = applied.map { desired > $0 } ?? false
                guard !isRaise || mayRaise else { continue }
                guard patchesInFlight.insert("\(cluster.id)/\(rate.workload)").inserted else { continue }
                effects.append(
                    .patch(
                        PushPatch(
                            cluster: cluster.id, workload: rate.workload, desired: desired, decision: decision, term: term,
                            trustedUntil: trustedUntil, folded: state.cursors, isRaise: isRaise)))
            }
        }
        return effects
    }

    /// What this process wrote itself a moment ago. Where that cannot be read back, its writer and its reader disagree, and every entry
    /// to come is as doubtful: stop rather than write on.
    private static func ownGrant(_ entry: LogEntry, at position: LogPosition) -> Grant? {
        do {
            guard case .event(let envelope) = try entry.decoded(), envelope.kind == Fact.grantKind, case .grantIssued(let grant) = try envelope.fact()
            else { return nil }
            return grant
        } catch {
            preconditionFailure("our own entry \(position) cannot be read back: \(error)")
        }
    }

    /// A grant is a ceiling. What is pushed is what the loops that the workload takes part in ask for, up to it: every one of them,
    /// for the workload's traffic crosses the links of all, and no further than the one that asks for least.
    private func pushedRate(_ rate: Grant.Rate, applied: BitRate?, cluster: ClusterSpecification) -> BitRate {
        guard let applied, rate.rate > applied else { return rate.rate }
        let links = cluster.workloads.first { $0.id == rate.workload }?.links ?? []
        let asked = links.map { link in
            state.clusters[cluster.id]?.decision(on: link).flatMap { CoordinatorProcess.asked($0, of: applied) } ?? applied
        }
        return min(rate.rate, asked.min() ?? applied)
    }

    /// What a loop's wish for its total comes to for one limit in it; nil where it asks for nothing more.
    private static func asked(_ row: LoopDecision, of applied: BitRate) -> BitRate? {
        let wanted = row.outcome.action == .increase ? row.outcome.desired : row.outcome.requested
        guard let wanted, let total = row.input.applied, total > .zero, wanted > total else { return nil }
        let share = Int128(applied.bitsPerSecond) * Int128(wanted.bitsPerSecond) / Int128(total.bitsPerSecond)
        return BitRate(bitsPerSecond: Int64(min(share, Int128(BitRate.maximum.bitsPerSecond))))
    }

    mutating func patchSettled(
        _ patch: PushPatch, _ result: PatchRecord.Result, _ objectCount: Int, _ detail: String?, _ now: Now
    ) -> [CoordinatorEffect] {
        patchesInFlight.remove("\(patch.cluster)/\(patch.workload)")
        let before = state.clusters[patch.cluster]?.use(of: patch.workload)?.applied
        let record = PatchRecord(
            cluster: patch.cluster, workload: patch.workload, desired: patch.desired, before: before, result: result,
            decision: patch.decision, term: patch.term, objectCount: objectCount, detail: detail)
        guard lease.actingTerm(at: now.monotonic) == patch.term else {
            // Trust may come back, to this term or a later one; an object was changed all the same.
            untoldOutcomes.removeAll { $0.isOutcome(of: patch.workload, in: patch.cluster) }
            untoldOutcomes.append(.patchSettled(record))
            return []
        }
        return publish([.patchSettled(record)], now)
    }
}

extension Fact {
    fileprivate func isOutcome(of workload: WorkloadID, in cluster: ClusterID) -> Bool {
        guard case .patchSettled(let record) = self else { return false }
        return record.workload == workload && record.cluster == cluster
    }
}
