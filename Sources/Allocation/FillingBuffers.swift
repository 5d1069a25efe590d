/// What a filling knows of one resource, side by side because it is touched together: one line of the cache.
struct FillResource: Sendable, BitwiseCopyable {
    /// Capacity less the rates of all demands that cross it; those of this and of later tiers count with their lower bounds.
    var residual: FineRate = 0
    /// The part of it, too small to be shared, that is not in `residual` while a tier is filled.
    var crumbs: UInt32 = 0
    /// The weights of the members of the tier at hand that are not settled, and their number.
    var weights: UInt64 = 0
    /// Settled rates, in whole bit/s.
    var used: Int64 = 0
    /// No unsettled member leaves its lower bound below this level.
    var start = 0.0
    var unsettled: Int32 = 0
    /// Where the members of the tier at hand stand in `members`, but for some that are settled.
    var begin: Int32 = 0
    var end: Int32 = 0
    /// A member was settled since the level was last found.
    var isStale = false
}

/// The memory of a filling, used again for every instance that fits. Contents mean nothing between two fillings.
///
/// Only the filling that holds the one reference writes to it: a copy of a solver makes memory of its own before it fills.
final class FillingBuffers: @unchecked Sendable {
    let resources: PlainBuffer<FillResource>
    let levels: PlainBuffer<FillLevel>
    let heap: PlainBuffer<LevelHeap.Entry>
    let waiting: PlainBuffer<LevelQueue.Waiting>
    let drawers: PlainBuffer<Int32>
    /// By demand: 1 where it is not settled.
    let isOpen: PlainBuffer<UInt8>
    let rateBits: PlainBuffer<Int64>
    let limits: PlainBuffer<Int32>
    /// The layout's members; those who are settled are dropped from a resource's range when it is looked at again.
    let members: PlainBuffer<Int32>
    /// The unsettled members of one resource.
    let weights: PlainBuffer<Double>
    let lowers: PlainBuffer<Double>
    let gaps: PlainBuffer<Double>
    let places: PlainBuffer<LevelSearch.Place>
    /// By demand, for minimums that do not fit: what they are filled by, and what they get. Else empty.
    let terms: PlainBuffer<FillTerm>
    let estimates: PlainBuffer<FillEstimate>
    let minimums: PlainBuffer<FineRate>

    init(demands: Int = 0, resources count: Int = 0, entries: Int = 0, largestSegment: Int = 0, holdsTerms: Bool = false) {
        resources = PlainBuffer(repeating: FillResource(), count: count)
        levels = PlainBuffer(repeating: .zero, count: count)
        heap = PlainBuffer(repeating: LevelHeap.Entry(bound: 0, resource: 0, isExact: false), count: count + 1)
        waiting = PlainBuffer(repeating: LevelQueue.Waiting(), count: count)
        drawers = PlainBuffer(repeating: 0, count: LevelQueue.drawerCount)
        isOpen = PlainBuffer(repeating: 0, count: demands)
        rateBits = PlainBuffer(repeating: 0, count: demands)
        limits = PlainBuffer(repeating: 0, count: demands)
        members = PlainBuffer(repeating: 0, count: entries)
        let padded = (largestSegment + 3) / 2 * 2
        weights = PlainBuffer(repeating: 0, count: padded)
        lowers = PlainBuffer(repeating: 0, count: padded)
        gaps = PlainBuffer(repeating: 0, count: padded)
        places = PlainBuffer(repeating: .rising, count: padded)
        terms = PlainBuffer(repeating: .none, count: holdsTerms ? demands : 0)
        estimates = PlainBuffer(repeating: .none, count: holdsTerms ? demands : 0)
        minimums = PlainBuffer(repeating: 0, count: holdsTerms ? demands : 0)
    }

    func holds(_ layout: AllocationLayout, terms holdsTerms: Bool) -> Bool {
        isOpen.count == layout.demandCount && resources.count == layout.resourceCount && members.count == layout.member.count
            && weights.count >= layout.largestSegment + 2 && (!holdsTerms || terms.count == layout.demandCount)
    }

    convenience init(for layout: AllocationLayout, terms: Bool) {
        self.init(
            demands: layout.demandCount, resources: layout.resourceCount, entries: layout.member.count,
            largestSegment: layout.largestSegment, holdsTerms: terms)
    }

    deinit {
        resources.deallocate()
        levels.deallocate()
        heap.deallocate()
        waiting.deallocate()
        drawers.deallocate()
        isOpen.deallocate()
        rateBits.deallocate()
        limits.deallocate()
        members.deallocate()
        weights.deallocate()
        lowers.deallocate()
        gaps.deallocate()
        places.deallocate()
        terms.deallocate()
        estimates.deallocate()
        minimums.deallocate()
    }
}
