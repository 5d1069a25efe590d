/// What a check knows of one resource, side by side because it is touched together.
struct CheckedResource: Sendable, BitwiseCopyable {
    /// Rates of the tiers so far and lower bounds of the others.
    var used: FineRate = 0
    /// Rates in whole bit/s.
    var wholeUsed: Int64 = 0
    var hasLevel = false
}

/// The memory of a check, used again; only the check that holds the one reference writes to it.
final class CheckBuffers: @unchecked Sendable {
    let resources: PlainBuffer<CheckedResource>
    /// By resource: where its level stands in the step at hand; `unranked` where it has none.
    let ranks: PlainBuffer<Int32>
    /// By demand, minimums as far as they fit; empty where all of them do.
    let lowers: PlainBuffer<FineRate>

    static var unranked: Int32 { .max }

    init(resources count: Int = 0, lowers demands: Int = 0) {
        resources = PlainBuffer(repeating: CheckedResource(), count: count)
        ranks = PlainBuffer(repeating: CheckBuffers.unranked, count: count)
        lowers = PlainBuffer(repeating: 0, count: demands)
    }

    deinit {
        resources.deallocate()
        ranks.deallocate()
        lowers.deallocate()
    }
}
