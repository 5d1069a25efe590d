import Quantities

/// Who crosses what: the paths of an instance and their transposition, in compressed rows. The same whatever the numbers are.
/// Written once, when it is made, and only read from then on: that makes it safe to share.
private final class AllocationRows: @unchecked Sendable {
    let tierStart: [Int32]
    let pathStart: PlainBuffer<Int32>
    let path: PlainBuffer<Int32>
    let memberStart: PlainBuffer<Int32>
    let member: PlainBuffer<Int32>
    let segmentStart: [Int32]
    let segments: PlainBuffer<AllocationLayout.Segment>
    let largestSegment: Int

    init(resourceCount: Int, demands: [AllocationDemand]) {
        var tierStart: [Int32] = []
        var pathStart: [Int32] = [0]
        var path: [Int32] = []
        pathStart.reserveCapacity(demands.count + 1)
        var memberStart = [Int32](repeating: 0, count: resourceCount + 1)
        for (index, demand) in demands.enumerated() {
            if index == 0 || demand.tier != demands[index - 1].tier { tierStart.append(Int32(index)) }
            for resource in demand.resources {
                path.append(Int32(resource))
                memberStart[resource + 1] += 1
            }
            pathStart.append(Int32(path.count))
        }
        tierStart.append(Int32(demands.count))
        for resource in 0..<resourceCount { memberStart[resource + 1] += memberStart[resource] }
        var next = memberStart
        var member = [Int32](repeating: 0, count: path.count)
        for (index, demand) in demands.enumerated() {
            for resource in demand.resources {
                member[Int(next[resource])] = Int32(index)
                next[resource] += 1
            }
        }
        let (starts, segments) = AllocationRows.segments(
            tierStart: tierStart, pathStart: pathStart, path: path, memberStart: memberStart)
        segmentStart = starts
        largestSegment = segments.reduce(0) { max($0, Int($1.end - $1.begin)) }
        self.segments = PlainBuffer(segments)
        self.tierStart = tierStart
        self.pathStart = PlainBuffer(pathStart)
        self.path = PlainBuffer(path)
        self.memberStart = PlainBuffer(memberStart)
        self.member = PlainBuffer(member)
    }

    deinit {
        pathStart.deallocate()
        path.deallocate()
        memberStart.deallocate()
        member.deallocate()
        segments.deallocate()
    }

    /// Members stand in order of demands, so those of a tier follow those of the tier before.
    private static func segments(
        tierStart: [Int32], pathStart: [Int32], path: [Int32], memberStart: [Int32]
    ) -> (start: [Int32], segments: [AllocationLayout.Segment]) {
        var starts: [Int32] = [0]
        var segments: [AllocationLayout.Segment] = []
        var next = memberStart
        var count = [Int32](repeating: 0, count: memberStart.count)
        for tier in 0..<tierStart.count - 1 {
            var crossed: [Int32] = []
            for entry in Int(pathStart[Int(tierStart[tier])])..<Int(pathStart[Int(tierStart[tier + 1])]) {
                let resource = path[entry]
                if count[Int(resource)] == 0 { crossed.append(resource) }
                count[Int(resource)] += 1
            }
            for resource in crossed {
                let begin = next[Int(resource)]
                next[Int(resource)] += count[Int(resource)]
                count[Int(resource)] = 0
                segments.append(AllocationLayout.Segment(resource: resource, begin: begin, end: next[Int(resource)]))
            }
            starts.append(Int32(segments.count))
        }
        return (starts, segments)
    }
}

/// The instance as the filling reads it: one buffer per quantity, paths and their transposition in compressed rows.
///
/// Demands are numbered by tier, so a tier is a range of demands, and the members of a resource stand by tier too.
/// Written once, when it is made, and only read from then on: that makes it safe to share.
final class AllocationLayout: @unchecked Sendable {
    /// Stands for "no maximum": above every capacity.
    static var unlimited: FineRate { 1 << 126 }

    let demandCount: Int
    let resourceCount: Int
    let capacities: PlainBuffer<FineRate>
    /// Bounds and weights of the excess where all minimums fit.
    let terms: PlainBuffer<FillTerm>
    let estimates: PlainBuffer<FillEstimate>
    /// Minimums in whole bit/s.
    let minimumBits: [Int64]
    /// Owns what the buffers below look at: they stand here as well, so that a touch in the filling goes through one object.
    private let rows: AllocationRows
    /// First demand of each tier, and the number of demands at the end.
    let tierStart: [Int32]
    /// Rows of resources by demand.
    let pathStart: PlainBuffer<Int32>
    let path: PlainBuffer<Int32>
    /// Rows of demands by resource, ascending.
    let memberStart: PlainBuffer<Int32>
    let member: PlainBuffer<Int32>
    /// For each tier the resources that it crosses, each with its members of that tier as a range of `member`.
    let segmentStart: [Int32]
    let segments: PlainBuffer<Segment>
    let largestSegment: Int

    struct Segment: Sendable, BitwiseCopyable {
        let resource: Int32
        let begin: Int32
        let end: Int32
    }

    convenience init(resources: [AllocationResource], demands: [AllocationDemand]) {
        self.init(AllocationRows(resourceCount: resources.count, demands: demands), resources, demands)
    }

    /// The same demands over the same resources, with other numbers.
    convenience init(as other: AllocationLayout, resources: [AllocationResource], demands: [AllocationDemand]) {
        self.init(other.rows, resources, demands)
    }

    private init(_ rows: AllocationRows, _ resources: [AllocationResource], _ demands: [AllocationDemand]) {
        demandCount = demands.count
        resourceCount = resources.count
        capacities = PlainBuffer(resources.map { Rounding.fine($0.capacity.bitsPerSecond, fraction: $0.capacityFraction) })
        let terms = demands.map(AllocationLayout.term)
        self.terms = PlainBuffer(terms)
        estimates = PlainBuffer(terms.map(FillEstimate.init))
        minimumBits = terms.map { Int64(Rounding.wholeBits($0.lower)) }
        self.rows = rows
        (tierStart, pathStart, path) = (rows.tierStart, rows.pathStart, rows.path)
        (memberStart, member) = (rows.memberStart, rows.member)
        (segmentStart, segments, largestSegment) = (rows.segmentStart, rows.segments, rows.largestSegment)
    }

    deinit {
        capacities.deallocate()
        terms.deallocate()
        estimates.deallocate()
    }

    static func term(_ demand: AllocationDemand) -> FillTerm {
        FillTerm(
            lower: Rounding.fine(demand.minimum.bitsPerSecond, fraction: demand.minimumFraction),
            upper: demand.maximum.map { Rounding.fine($0.bitsPerSecond, fraction: demand.maximumFraction) } ?? unlimited,
            weight: UInt64(demand.weight))
    }

    var tierCount: Int { tierStart.count - 1 }
    func demands(of tier: Int) -> Range<Int> { Int(tierStart[tier])..<Int(tierStart[tier + 1]) }
    func segments(of tier: Int) -> Range<Int> { Int(segmentStart[tier])..<Int(segmentStart[tier + 1]) }
    @inline(__always)
    func entries(of demand: Int) -> Range<Int> {
        let begin = Int(pathStart[demand])
        return begin..<max(begin, Int(pathStart[demand + 1]))
    }

    /// Minimums as weights: in the finest power of two at which their sum stays in one word. Whole minimums are exact.
    var minimumWeights: [UInt64] {
        let minimums = (0..<demandCount).map { terms[$0].lower }
        let sum = minimums.reduce(UInt64(0)) { $0 + UInt64(truncatingIfNeeded: $1 >> 64) + 1 }
        let power = UInt128(max(0, min(62, sum.leadingZeroBitCount - 2)))
        return minimums.map { UInt64(truncatingIfNeeded: $0 >> (64 - power)) }
    }
}
