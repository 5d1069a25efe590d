internal import Quantities

/// The limit that each Pod of a workload gets: the CNI limits every replica by itself, so the workload's rate is divided.
enum PerPodRate {
    /// `desired` ÷ `replicas`, rounded down; the smallest rate that the CNI enforces where that would be less, because 0 means
    /// *unlimited* there. `replicas` ≥ 1.
    static func share(of desired: BitRate, replicas: Int, annotation: BandwidthAnnotation) -> BitRate {
        precondition(replicas >= 1, "a workload without replicas has nothing to limit")
        let share = BitRate(bitsPerSecond: desired.bitsPerSecond / Int64(replicas))
        return max(share, annotation.smallestEnforceable)
    }
}
