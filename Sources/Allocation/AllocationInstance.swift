public import Quantities

/// Something of which several demands share a capacity.
public struct AllocationResource: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// A directed link of the fleet; the capacity is what critical flows leave of it.
        case link
        /// A cap over the demands of one cluster.
        case budget
        /// A brake that a cluster put on itself and that no allocation has answered yet.
        case brake
    }

    public let kind: Kind
    /// Unique among the resources of its kind.
    public let id: String
    /// What there is to share, reservations taken off.
    public internal(set) var capacity: BitRate
    /// What a document says beyond whole bits, in parts of 2⁻⁶⁴ bit/s: shared like the rest, though rates are whole.
    package var capacityFraction: UInt64 = 0

    public init(kind: Kind, id: String, capacity: BitRate) {
        self.kind = kind
        self.id = id
        self.capacity = capacity
    }
}

/// One workload that wants a share on every resource that it crosses.
public struct AllocationDemand: Hashable, Sendable {
    public let id: String
    public let cluster: ClusterID
    /// Positions in the list of resources, each once, at least one.
    public internal(set) var resources: [Int]
    /// The rate that is due before anybody gets an excess.
    public internal(set) var minimum: BitRate
    /// The rate above which it has no use for more; nil where it has none.
    public internal(set) var maximum: BitRate?
    /// The share of an excess relative to others of its tier, in millionths, at least 1. Only the ratios matter.
    public let weight: Int64
    /// Strict priority; 0 is served first.
    public let tier: Int
    /// What a document says beyond whole bits, in parts of 2⁻⁶⁴ bit/s.
    package var minimumFraction: UInt64 = 0
    package var maximumFraction: UInt64 = 0

    public init(
        id: String, cluster: ClusterID, resources: [Int], minimum: BitRate, maximum: BitRate?, weight: Int64, tier: Int
    ) {
        self.id = id
        self.cluster = cluster
        self.resources = resources
        self.minimum = minimum
        self.maximum = maximum
        self.weight = weight
        self.tier = tier
    }
}

/// What is to be shared among whom: the input of one allocation, valid, and in an order of its own.
///
/// Resources stand by kind and id, demands by tier and id, so that the same input in any order is the same instance and gives the
/// same bytes. Every index in a result is an index into `resources` or `demands` here.
public struct AllocationInstance: Sendable {
    /// The most demands of one instance. `Rounding.grace` rests on it.
    public static let maximumDemandCount = 1 << 22 - 1
    /// Weights, and minimums in bit/s, add up to less than this, so that sums stay in one word.
    public static let maximumSum: UInt64 = 1 << 62

    public let resources: [AllocationResource]
    public let demands: [AllocationDemand]
    /// Where each demand stood in the list that the instance was made from.
    public let positions: [Int]
    /// The same of the resources.
    private let resourcePositions: [Int]
    /// The tiers that occur, most important first.
    public let tiers: [Int]

    let layout: AllocationLayout

    /// Puts the input in order and checks it. Throws the first breach in the order of the lists given.
    public init(resources: [AllocationResource], demands: [AllocationDemand]) throws(AllocationInstanceError) {
        try AllocationInstance.check(resources)
        try AllocationInstance.check(demands, resourceCount: resources.count)
        let resourceOrder = resources.indices.sorted { AllocationInstance.precedes(resources[$0], resources[$1]) }
        let positions = demands.indices.sorted { AllocationInstance.precedes(demands[$0], demands[$1]) }
        var rank = [Int](repeating: 0, count: resources.count)
        for (new, old) in resourceOrder.enumerated() { rank[old] = new }
        self.resources = resourceOrder.map { resources[$0] }
        self.demands = positions.map { AllocationInstance.renumber(demands[$0], by: rank) }
        self.positions = positions
        resourcePositions = resourceOrder
        self.layout = AllocationLayout(resources: self.resources, demands: self.demands)
        self.tiers = layout.tierStart.dropLast().map { [ordered = self.demands] in ordered[Int($0)].tier }
    }

    /// The same, one capacity changed.
    public func with(capacity: BitRate, of resource: Int) -> AllocationInstance {
        var resources = self.resources
        resources[resource] = AllocationResource(
            kind: resources[resource].kind, id: resources[resource].id, capacity: min(capacity, .maximum))
        return AllocationInstance(self, resources: resources, demands: demands)
    }

    /// The same, one demand's minimum changed; at most its maximum.
    public func with(minimum: BitRate, of demand: Int) -> AllocationInstance {
        var demands = self.demands
        demands[demand].minimum = min(minimum, demands[demand].maximum ?? .maximum)
        demands[demand].minimumFraction = 0
        return AllocationInstance(self, resources: resources, demands: demands)
    }

    /// The same demands over the same resources, all numbers but weights changed: nothing is put in order again.
    ///
    /// - Parameters: in the order of the lists that the instance was made from. A minimum is at most its maximum, and fractions go.
    /// - Returns: nil where the minimums add up to more than an instance may have.
    public func with(capacities: [BitRate], bounds: [(minimum: BitRate, maximum: BitRate)]) -> AllocationInstance? {
        precondition(capacities.count == resources.count && bounds.count == demands.count, "one number for each of an instance's")
        var (resources, demands) = (self.resources, self.demands)
        for (ordered, given) in resourcePositions.enumerated() {
            resources[ordered].capacity = min(capacities[given], .maximum)
            resources[ordered].capacityFraction = 0
        }
        var minimums: UInt64 = 0
        for (ordered, given) in positions.enumerated() {
            let (minimum, maximum) = (min(bounds[given].minimum, bounds[given].maximum), bounds[given].maximum)
            (demands[ordered].minimum, demands[ordered].minimumFraction) = (minimum, 0)
            (demands[ordered].maximum, demands[ordered].maximumFraction) = (maximum, 0)
            let (sum, isTooLarge) = minimums.addingReportingOverflow(UInt64(minimum.bitsPerSecond))
            guard !isTooLarge, sum < AllocationInstance.maximumSum else { return nil }
            minimums = sum
        }
        return AllocationInstance(self, resources: resources, demands: demands)
    }

    private init(_ other: AllocationInstance, resources: [AllocationResource], demands: [AllocationDemand]) {
        self.resources = resources
        self.demands = demands
        positions = other.positions
        resourcePositions = other.resourcePositions
        tiers = other.tiers
        layout = AllocationLayout(as: other.layout, resources: resources, demands: demands)
    }

    private static func renumber(_ demand: AllocationDemand, by rank: [Int]) -> AllocationDemand {
        var renumbered = demand
        renumbered.resources = demand.resources.map { rank[$0] }.sorted()
        return renumbered
    }

    private static func precedes(_ left: AllocationResource, _ right: AllocationResource) -> Bool {
        if left.kind != right.kind { return left.kind.order < right.kind.order }
        return left.id.utf8.lexicographicallyPrecedes(right.id.utf8)
    }

    private static func precedes(_ left: AllocationDemand, _ right: AllocationDemand) -> Bool {
        if left.tier != right.tier { return left.tier < right.tier }
        return left.id.utf8.lexicographicallyPrecedes(right.id.utf8)
    }
}

extension AllocationResource.Kind {
    fileprivate var order: Int {
        switch self {
        case .link: 0
        case .budget: 1
        case .brake: 2
        }
    }
}
