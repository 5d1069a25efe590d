import Allocation
import Quantities

/// Seeded instances of the sizes that the benchmark measures: three tiers, bounds, weights, budgets.
struct BenchInstance {
    let name: String
    let resources: [AllocationResource]
    let demands: [AllocationDemand]

    /// What a demand asks for on average, by which capacities grow with the number of demands. Unit: bit/s.
    private static let meanRate = 30_000_000.0

    /// 64 clusters: a way out and a way in each, about twenty directed links from each to others, a budget each. A demand crosses
    /// the way out, one link, the way in; every third also a budget.
    static func mesh(demands count: Int, seed: UInt64) -> BenchInstance {
        var generator = BenchGenerator(seed: seed)
        let clusters = 64
        let load = meanRate * Double(count) / Double(clusters)
        var resources: [AllocationResource] = []
        func add(_ kind: AllocationResource.Kind, _ id: String, _ range: ClosedRange<Double>) -> Int {
            let capacity = BitRate(bitsPerSecond: Int64(Double.random(in: range, using: &generator) * load))
            resources.append(AllocationResource(kind: kind, id: id, capacity: capacity))
            return resources.count - 1
        }
        let out = (0..<clusters).map { add(.link, "out-\($0)", 0.3...1.5) }
        let into = (0..<clusters).map { add(.link, "in-\($0)", 0.3...1.5) }
        let budgets = (0..<clusters).map { add(.budget, "budget-\($0)", 0.3...1.5) }
        var links: [(from: Int, to: Int, resource: Int)] = []
        var seen: Set<Int> = []
        for _ in 0..<clusters * 20 {
            let (from, to) = (Int.random(in: 0..<clusters, using: &generator), Int.random(in: 0..<clusters, using: &generator))
            guard from != to, seen.insert(from * clusters + to).inserted else { continue }
            links.append((from, to, add(.link, "link-\(from)-\(to)", 0.02...0.2)))
        }
        let demands = (0..<count).map { index in
            let link = links.randomElement(using: &generator)!
            var path = [out[link.from], link.resource, into[link.to]]
            if Int.random(in: 0..<3, using: &generator) == 0 { path.append(budgets[link.from]) }
            return demand(index, cluster: link.from, path, &generator)
        }
        return BenchInstance(name: "mesh64", resources: resources, demands: demands)
    }

    /// A real network: directed links both ways, one shortest path per demand between two nodes, a budget per node.
    static func zoo(_ topology: BenchTopology, demands count: Int, seed: UInt64) -> BenchInstance {
        var generator = BenchGenerator(seed: seed)
        let hops = topology.nextHops()
        var ends: [(from: Int, to: Int)] = []
        while ends.count < count {
            let pair = (Int.random(in: 0..<topology.nodeCount, using: &generator), Int.random(in: 0..<topology.nodeCount, using: &generator))
            if pair.0 != pair.1, hops[pair.1][pair.0] != nil { ends.append((from: pair.0, to: pair.1)) }
        }
        var links: [Int: Int] = [:]
        for (a, b) in topology.edges {
            links[a * topology.nodeCount + b] = links.count
            links[b * topology.nodeCount + a] = links.count
        }
        var crossings = [Int](repeating: 0, count: links.count)
        let paths = ends.map { end in
            var path: [Int] = []
            var node = end.from
            while node != end.to {
                let next = hops[end.to][node]!
                path.append(links[node * topology.nodeCount + next]!)
                node = next
            }
            for link in path { crossings[link] += 1 }
            return path
        }
        // A link carries between a third and one and a half times what is asked of it.
        var resources = links.sorted { $0.value < $1.value }.map { key, value in
            let asked = Double(max(1, crossings[value])) * meanRate
            return AllocationResource(
                kind: .link, id: "\(key / topology.nodeCount)-\(key % topology.nodeCount)",
                capacity: BitRate(bitsPerSecond: Int64(Double.random(in: 0.3...1.5, using: &generator) * asked)))
        }
        for node in 0..<topology.nodeCount {
            let asked = Double(count) / Double(topology.nodeCount) * meanRate
            resources.append(
                AllocationResource(
                    kind: .budget, id: "budget-\(node)",
                    capacity: BitRate(bitsPerSecond: Int64(Double.random(in: 0.3...1.5, using: &generator) * asked))))
        }
        let demands = paths.indices.map { index in
            let named = Int.random(in: 0..<3, using: &generator) == 0 ? [links.count + ends[index].from] : []
            return demand(index, cluster: ends[index].from, paths[index] + named, &generator)
        }
        return BenchInstance(name: topology.name, resources: resources, demands: demands)
    }

    private static func demand(_ index: Int, cluster: Int, _ path: [Int], _ generator: inout BenchGenerator) -> AllocationDemand {
        let minimum = Bool.random(using: &generator) ? 0 : Int64.random(in: 0...4_000_000, using: &generator)
        let isUnlimited = Int.random(in: 0..<3, using: &generator) == 0
        let maximum = isUnlimited ? nil : BitRate(bitsPerSecond: minimum + Int64.random(in: 1_000_000...80_000_000, using: &generator))
        return AllocationDemand(
            id: "demand-\(index)", cluster: ClusterID("cluster-\(cluster)"), resources: path,
            minimum: BitRate(bitsPerSecond: minimum), maximum: maximum,
            weight: Int64.random(in: 500_000...8_000_000, using: &generator), tier: Int.random(in: 0..<3, using: &generator))
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): the same instances from the same seed on every machine.
struct BenchGenerator: RandomNumberGenerator {
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
