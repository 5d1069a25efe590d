public import Quantities

/// One change of what is shared or among whom. Demands and resources are named by their ids.
public enum AllocationChange: Hashable, Sendable {
    case minimum(demand: String, BitRate)
    case maximum(demand: String, BitRate?)
    case weight(demand: String, Int64)
    case tier(demand: String, Int)
    case add(AllocationDemand)
    case remove(demand: String)
    case capacity(kind: AllocationResource.Kind, id: String, BitRate)
}

/// Why a change is refused: nothing was changed.
public struct AllocationChangeError: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Code: String, Hashable, Sendable {
        case unknownDemand, unknownResource, duplicateID, minimumAboveMaximum, weightNotPositive, negativeTier, noResource,
            repeatedResource, capacityTooLarge, weightsTooLarge, minimumsTooLarge, tooManyDemands
    }
    public let code: Code
    public let problem: String

    init(_ code: Code, _ problem: String) {
        self.code = code
        self.problem = problem
    }
    public var description: String { problem }
}
