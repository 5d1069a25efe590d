import Events
import Fleet
import Quantities

/// Raises that were decided and are not in force.
extension ShipperProcess {
    /// No wish that is still to be carried out lies below the lower guardrail. A raise that was given up left what stood as the wish, which is less
    /// than that where an object had left; once something else stands, that is no limit to set.
    mutating func raiseWishesIntoBounds() {
        for index in workloads.indices where !workloads[index].isConfirmed {
            workloads[index].desired = workloads[index].desired.map { max($0, settings.cluster.guardrails.minimum) }
        }
    }

    /// Gives up the raises that nothing speaks for any more.
    ///
    /// A limit that was to rise and did not, because its patch was refused, lost or undone, is patched again with every tick. That is a
    /// raise each time, and needs each time what the first needed: a grant that lives and covers it, and flows that are measured and do not
    /// suffer, on every link that the workload crosses; nor may it pass what a brake left to another loop that the workload takes part in,
    /// until a grant says that the brake was taken in. A loop that only holds says nothing of another loop's raise, so it is asked here.
    /// - Parameter wished: what this tick decided; what it did not is tried again, and that only while all is well within its target. A
    ///   floor is given back as soon as the bound is kept.
    mutating func giveUpUnfoundedRaises(_ inputs: [LoopInput], _ uses: [WorkloadUse], wished: [Int: BitRate], _ living: Grant?) {
        guard mayAct, settings.cluster.delivery != .push else { return }
        let pastBrakes = membersPastBrakes(uses, living)
        for index in workloads.indices {
            guard let desired = workloads[index].desired, let applied = workloads[index].applied, desired > applied, !workloads[index].isConfirmed
            else { continue }
            let isToFloor = desired <= settings.cluster.guardrails.clamp(workloads[index].specification.floor)
            let isMeasuredCalm = loops.indices.allSatisfy {
                !loops[$0].workloads.contains(index)
                    || inputs[$0].isMeasured(within: isToFloor || wished[index] != nil ? inputs[$0].bound : inputs[$0].target)
            }
            let isPastBrake = !isToFloor && pastBrakes.contains(index)
            guard !isMeasuredCalm || isPastBrake || !covers(living, desired, workloads[index].specification) else { continue }
            workloads[index].desired = applied
        }
    }

    /// The members of the loops of which all that their members are to have comes to more than a brake left them, counted as the brake
    /// counted: who is idle with his use, who is absent with nothing.
    private func membersPastBrakes(_ uses: [WorkloadUse], _ living: Grant?) -> Set<Int> {
        var found: Set<Int> = []
        for loop in loops {
            guard let cap = loop.brake?.cap else { continue }
            let wished = LoopSums(
                loop.workloads.map { place in
                    var member = member(place, uses, living)
                    member.applied = workloads[place].desired ?? member.applied
                    return member
                })
            if wished.applied.map({ $0 > cap }) ?? false { found.formUnion(loop.workloads) }
        }
        return found
    }

    /// Leaves out the raises that the grant covers no more. Between a decision and its patch the spool takes its time, and a raise that probes
    /// waits for half a tick: meanwhile a grant may expire, or a newer one may give less. The next tick decides anew.
    mutating func stillGranted(_ patches: [WorkloadPatch], at now: MonotonicTime) -> [WorkloadPatch] {
        let living = grants.living(at: now)
        return patches.filter { patch in
            guard let index = workloads.firstIndex(where: { $0.specification.id == patch.workload }), !isBrake(patch),
                !covers(living, patch.desired, workloads[index].specification)
            else { return true }
            workloads[index].desired = patch.before
            return false
        }
    }

    private func covers(_ living: Grant?, _ rate: BitRate, _ workload: WorkloadSpecification) -> Bool {
        guard settings.cluster.delivery != .standalone else { return true }
        return living.map { rate <= max($0.rate(of: workload.id) ?? .zero, settings.cluster.guardrails.clamp(workload.floor)) } ?? false
    }
}

extension LoopInput {
    fileprivate func isMeasured(within most: Delay) -> Bool { quality == .measured && raw.map { $0 <= most } ?? false }
}
