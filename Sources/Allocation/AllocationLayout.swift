import Quantities

/// The instance as the filling reads it: one array per quantity, paths and their transposition in compressed rows.
///
/// Demands are numbered by tier, so a tier is a range of demands, and the members of a resource stand by tier too.
struct AllocationLayout: Sendable {
    /// Stands for "no maximum": above every capacity.
    static let unlimited: FineRate = 1 << 126

    let capacities: [FineRate]
    let weights: [UInt64]
    let minimums: [FineRate]
    let maximums: [FineRate]
    /// First demand of each tier, and the number of demands at the end.
    let tierStart: [Int32]
    /// Rows of resources by demand.
    let pathStart: [Int32]
    let path: [Int32]
    /// Rows of demands by resource, ascending.
    let memberStart: [Int32]
    let member: [Int32]
    /// For each tier the resources that it crosses, each with its members of that tier as a range of `member`.
    let segmentStart: [Int32]
    let segments: [Segment]
    let largestSegment: Int

    struct Segment: Sendable {
        let resource: Int32
        let begin: Int32
        let end: Int32
    }

    init(resources: [AllocationResource], demands: [AllocationDemand]) {
        capacities = resources.map { Rounding.fine($0.capacity.bitsPerSecond, fraction: $0.capacityFraction) }
        weights = demands.map { UInt64($0.weight) }
        minimums = demands.map { Rounding.fine($0.minimum.bitsPerSecond, fraction: $0.minimumFraction) }
        maximums = demands.map { demand in
            demand.maximum.map { Rounding.fine($0.bitsPerSecond, fraction: demand.maximumFraction) } ?? AllocationLayout.unlimited
        }

        var tierStart: [Int32] = []
        var pathStart: [Int32] = [0]
        var path: [Int32] = []
        pathStart.reserveCapacity(demands.count + 1)
        var memberStart = [Int32](repeating: 0, count: resources.count + 1)
        for (index, demand) in demands.enumerated() {
            if index == 0 || demand.tier != demands[index - 1].tier { tierStart.append(Int32(index)) }
            for resource in demand.resources {
                path.append(Int32(resource))
                memberStart[resource + 1] += 1
            }
            pathStart.append(Int32(path.count))
        }
        tierStart.append(Int32(demands.count))
        for resource in resources.indices { memberStart[resource + 1] += memberStart[resource] }
        var next = memberStart
        var member = [Int32](repeating: 0, count: path.count)
        for (index, demand) in demands.enumerated() {
            for resource in demand.resources {
                member[Int(next[resource])] = Int32(index)
                next[resource] += 1
            }
        }
        (segmentStart, segments) = AllocationLayout.segments(
            tierStart: tierStart, pathStart: pathStart, path: path, memberStart: memberStart)
        largestSegment = segments.reduce(0) { max($0, Int($1.end - $1.begin)) }
        self.tierStart = tierStart
        self.pathStart = pathStart
        self.path = path
        self.memberStart = memberStart
        self.member = member
    }

    /// Members stand in order of demands, so those of a tier follow those of the tier before.
    private static func segments(
        tierStart: [Int32], pathStart: [Int32], path: [Int32], memberStart: [Int32]
    ) -> (start: [Int32], segments: [Segment]) {
        var starts: [Int32] = [0]
        var segments: [Segment] = []
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
                segments.append(Segment(resource: resource, begin: begin, end: next[Int(resource)]))
            }
            starts.append(Int32(segments.count))
        }
        return (starts, segments)
    }

    /// Minimums as weights: in the finest power of two at which their sum stays in one word. Whole minimums are exact.
    var minimumWeights: [UInt64] {
        let sum = minimums.reduce(UInt64(0)) { $0 + UInt64(truncatingIfNeeded: $1 >> 64) + 1 }
        let power = UInt128(max(0, min(62, sum.leadingZeroBitCount - 2)))
        return minimums.map { UInt64(truncatingIfNeeded: $0 >> (64 - power)) }
    }
}
