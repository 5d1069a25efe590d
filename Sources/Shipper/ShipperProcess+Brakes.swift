import Events
import Fleet

extension ShipperProcess {
    /// A local brake ends when an allocation arrives that was computed at or after its position.
    mutating func releaseBrake(of index: Int, by living: Grant?) {
        guard let brake = loops[index].brake else { return }
        if settings.cluster.delivery == .standalone { loops[index].brake = nil }
        #if DEBUG
        if PlantedBug.raiseOverUnfoldedBrake.isPlanted { loops[index].brake = nil }
        #endif
        guard let folded = living?.foldedThrough, folded.stream == stream, folded.sequence >= brake.sequence else { return }
        loops[index].brake = nil
    }

    func isBrake(_ patch: WorkloadPatch) -> Bool { patch.before.map { patch.desired < $0 } ?? true }
    func withoutDecision(_ patch: WorkloadPatch) -> WorkloadPatch {
        var patch = patch
        patch.decision = nil
        return patch
    }
}
