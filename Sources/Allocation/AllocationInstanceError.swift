import Quantities

/// What is wrong with an instance, and where.
public struct AllocationInstanceError: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Place: Hashable, Sendable {
        /// Positions in the lists as they were given.
        case resource(Int)
        case demand(Int)
        /// The entry of a demand's list of resources.
        case pathEntry(demand: Int, entry: Int)
        case whole
    }
    public enum Code: String, Hashable, Sendable {
        case duplicateID, capacityTooLarge, noResource, unknownResource, repeatedResource, minimumAboveMaximum, weightNotPositive,
            negativeTier, tooManyDemands, weightsTooLarge, minimumsTooLarge
    }

    public let code: Code
    public let place: Place
    public let problem: String

    public var description: String {
        switch place {
        case .resource(let index): "resource \(index): \(problem)"
        case .demand(let index): "demand \(index): \(problem)"
        case .pathEntry(let demand, let entry): "demand \(demand), resource \(entry) of its path: \(problem)"
        case .whole: problem
        }
    }
}

extension AllocationInstance {
    static func check(_ resources: [AllocationResource]) throws(AllocationInstanceError) {
        var seen: Set<String> = []
        for (index, resource) in resources.enumerated() {
            guard seen.insert("\(resource.kind.rawValue) \(resource.id)").inserted else {
                throw AllocationInstanceError(
                    code: .duplicateID, place: .resource(index), problem: "the id \"\(resource.id)\" stands twice")
            }
            guard resource.capacity <= .maximum else {
                throw AllocationInstanceError(
                    code: .capacityTooLarge, place: .resource(index), problem: "the capacity is above \(BitRate.maximum), the most believed")
            }
        }
    }

    static func check(_ demands: [AllocationDemand], resourceCount: Int) throws(AllocationInstanceError) {
        guard demands.count <= maximumDemandCount else {
            throw AllocationInstanceError(
                code: .tooManyDemands, place: .whole, problem: "\(demands.count) demands are more than \(maximumDemandCount)")
        }
        var seen: Set<String> = Set(minimumCapacity: demands.count)
        var lastUse = [Int](repeating: -1, count: resourceCount)
        var weights: UInt64 = 0
        var minimums: UInt64 = 0
        for (index, demand) in demands.enumerated() {
            func refuse(_ code: AllocationInstanceError.Code, _ problem: String) -> AllocationInstanceError {
                AllocationInstanceError(code: code, place: .demand(index), problem: problem)
            }
            guard seen.insert(demand.id).inserted else { throw refuse(.duplicateID, "the id \"\(demand.id)\" stands twice") }
            guard demand.weight > 0 else { throw refuse(.weightNotPositive, "the weight must be above 0") }
            guard demand.tier >= 0 else { throw refuse(.negativeTier, "the tier must be 0 or above") }
            if let maximum = demand.maximum, (demand.minimum, demand.minimumFraction) > (maximum, demand.maximumFraction) {
                throw refuse(.minimumAboveMaximum, "the minimum \(demand.minimum) is above the maximum \(maximum)")
            }
            guard !demand.resources.isEmpty else {
                throw refuse(.noResource, "it crosses no link and names no budget, so nothing bounds it")
            }
            for (entry, resource) in demand.resources.enumerated() {
                let place = AllocationInstanceError.Place.pathEntry(demand: index, entry: entry)
                guard (0..<resourceCount).contains(resource) else {
                    throw AllocationInstanceError(code: .unknownResource, place: place, problem: "there is no resource \(resource)")
                }
                guard lastUse[resource] != index else {
                    throw AllocationInstanceError(code: .repeatedResource, place: place, problem: "the same resource stands twice")
                }
                lastUse[resource] = index
            }
            weights = weights.addingSaturated(UInt64(demand.weight))
            guard weights < maximumSum else { throw refuse(.weightsTooLarge, "the weights add up to more than 2^62 millionths") }
            minimums = minimums.addingSaturated(UInt64(demand.minimum.bitsPerSecond))
            guard minimums < maximumSum else { throw refuse(.minimumsTooLarge, "the minimums add up to more than 2^62 bit/s") }
        }
    }
}

extension UInt64 {
    fileprivate func addingSaturated(_ other: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
