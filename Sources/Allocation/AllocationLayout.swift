import Quantities

/// The instance as the filling reads it: one array per quantity, paths and their transposition in compressed rows.
///
/// Demands are numbered by tier, so a tier is a range of demands, and the members of a resource stand by tier too.
struct AllocationLayout: Sendable {
    /// Stands for "no maximum": above every capacity, and 2²² of them fit in a wide sum.
    static let unlimited: UInt64 = 1 << 62

    let capacities: [UInt64]
    let weights: [UInt64]
    let minimums: [UInt64]
    let maximums: [UInt64]
    /// First demand of each tier, and the number of demands at the end.
    let tierStart: [Int32]
    /// Rows of resources by demand.
    let pathStart: [Int32]
    let path: [Int32]
    /// Rows of demands by resource, ascending.
    let memberStart: [Int32]
    let member: [Int32]

    init(resources: [AllocationResource], demands: [AllocationDemand]) {
        capacities = resources.map { UInt64($0.capacity.bitsPerSecond) }
        weights = demands.map { UInt64($0.weight) }
        minimums = demands.map { UInt64($0.minimum.bitsPerSecond) }
        maximums = demands.map { $0.maximum.map { UInt64($0.bitsPerSecond) } ?? AllocationLayout.unlimited }

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
        self.tierStart = tierStart
        self.pathStart = pathStart
        self.path = path
        self.memberStart = memberStart
        self.member = member
    }
}
