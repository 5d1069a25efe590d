import Allocation
import Quantities

/// SplitMix64 (Steele, Lea, Flood 2014): the same instances from the same seed on every machine.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}

/// An instance as lists, so that tests can turn it over before it is made one.
struct InstanceLists {
    var resources: [AllocationResource]
    var demands: [AllocationDemand]

    func made() throws -> AllocationInstance { try AllocationInstance(resources: resources, demands: demands) }

    /// Small enough for fractions, and of every shape: empty links, equal minimum and maximum, minimums that do not fit, ties.
    static func random(_ generator: inout SeededGenerator) -> InstanceLists {
        let resourceCount = Int.random(in: 1...6, using: &generator)
        let demandCount = Int.random(in: 1...9, using: &generator)
        let largest: Int64 = [6, 40, 1_000, 1_000_000, 10_000_000_000].randomElement(using: &generator)!
        let minimumShare: Int64 = [1, 2, 4, 20].randomElement(using: &generator)!
        let hasTies = Bool.random(using: &generator)
        // Quarters of a bit per second, as a document may have them.
        let hasFractions = Bool.random(using: &generator)
        func quarters() -> UInt64 { hasFractions ? UInt64.random(in: 0...3, using: &generator) << 62 : 0 }
        let resources = (0..<resourceCount).map { index in
            let capacity = hasTies ? largest / Int64.random(in: 1...3, using: &generator) : Int64.random(in: 0...largest, using: &generator)
            var resource = AllocationResource(
                kind: index % 3 == 2 ? .budget : .link, id: "r\(index)", capacity: BitRate(bitsPerSecond: capacity))
            resource.capacityFraction = quarters()
            return resource
        }
        let demands = (0..<demandCount).map { index in
            let minimum = Int.random(in: 0...2, using: &generator) == 0 ? 0 : Int64.random(in: 0...(largest / minimumShare), using: &generator)
            let maximum: Int64? =
                switch Int.random(in: 0...3, using: &generator) {
                case 0: nil
                case 1: minimum
                default: minimum + Int64.random(in: 0...largest, using: &generator)
                }
            let length = Int.random(in: 1...min(4, resourceCount), using: &generator)
            var demand = AllocationDemand(
                id: "d\(index)", cluster: ClusterID("c\(index % 3)"),
                resources: Array(Array(0..<resourceCount).shuffled(using: &generator).prefix(length)),
                minimum: BitRate(bitsPerSecond: minimum), maximum: maximum.map { BitRate(bitsPerSecond: $0) },
                weight: hasTies ? 1 : Int64.random(in: 1...5, using: &generator), tier: Int.random(in: 0...2, using: &generator))
            demand.minimumFraction = minimum == 0 ? 0 : quarters()
            demand.maximumFraction = maximum == minimum ? demand.minimumFraction : maximum == nil ? 0 : 3 << 62
            return demand
        }
        return InstanceLists(resources: resources, demands: demands)
    }

    func shuffled(_ generator: inout SeededGenerator) -> InstanceLists {
        let order = Array(resources.indices).shuffled(using: &generator)
        var rank = [Int](repeating: 0, count: order.count)
        for (new, old) in order.enumerated() { rank[old] = new }
        return InstanceLists(
            resources: order.map { resources[$0] },
            demands: demands.map { $0.with(resources: $0.resources.map { rank[$0] }.shuffled(using: &generator)) }.shuffled(using: &generator))
    }
}

extension AllocationDemand {
    func with(
        resources: [Int]? = nil, minimum: BitRate? = nil, maximum: BitRate?? = nil, weight: Int64? = nil
    ) -> AllocationDemand {
        var changed = AllocationDemand(
            id: id, cluster: cluster, resources: resources ?? self.resources, minimum: minimum ?? self.minimum,
            maximum: maximum ?? self.maximum, weight: weight ?? self.weight, tier: tier)
        // What is given anew is whole.
        changed.minimumFraction = minimum == nil ? minimumFraction : 0
        changed.maximumFraction = maximum == nil ? maximumFraction : 0
        return changed
    }
}

extension AllocationResult {
    /// Rates by the demand's id.
    func rates(_ instance: AllocationInstance) -> [String: Int64] {
        Dictionary(uniqueKeysWithValues: instance.demands.indices.map { (instance.demands[$0].id, rate(of: $0).bitsPerSecond) })
    }
}
