import Quantities

/// Raises that probe past a remembered ceiling, held back until half of their tick has passed.
///
/// Such a raise is made in order to find out, and most of the time it finds that the flow suffers. Nobody looks before the next
/// tick, so what is put in force half a tick later harms half as long, and the look comes as soon as before. What a later tick
/// decides replaces what is still held.
struct HeldRaises: Sendable {
    private var held: [WorkloadPatch] = []
    /// The workloads whose raise of this tick is a probe, and when it may go.
    private var probing: [WorkloadID: MonotonicTime] = [:]

    /// A tick begins: what was held is superseded.
    mutating func begin() {
        held = []
        probing = [:]
    }

    mutating func expect(_ workload: WorkloadID, at instant: MonotonicTime) { probing[workload] = instant }

    /// Takes out of `patches` what must wait; returns when to ask again, nil where nothing waits.
    mutating func hold(_ patches: inout [WorkloadPatch], now: MonotonicTime) -> MonotonicTime? {
        // Where another link's loop lowers the same workload, the patch is a brake and goes at once.
        let late = patches.filter { patch in
            guard let before = patch.before, patch.desired > before, let instant = probing[patch.workload] else { return false }
            return instant > now
        }
        guard !late.isEmpty else { return nil }
        patches.removeAll { patch in late.contains(patch) }
        held += late
        return late.compactMap { probing[$0.workload] }.min()
    }

    /// Those whose time has come.
    mutating func due(at now: MonotonicTime) -> [WorkloadPatch] {
        let due = held.filter { patch in probing[patch.workload].map { $0 <= now } ?? true }
        held.removeAll { patch in due.contains(patch) }
        return due
    }
}
