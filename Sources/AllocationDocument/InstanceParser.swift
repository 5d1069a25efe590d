import Allocation
import JSONDocument
import Quantities

/// Reads the lists of a `wan-alloc/1` document one after another: links, what is reserved on them, budgets, demands.
struct InstanceParser {
    private typealias Path = DocumentReader.Path
    private let reader: DocumentReader
    private let root: [String: JSONValue]
    private let unit: RateUnit
    private var clusters: [String] = []
    private var links = NamedList("link")
    private var budgets = NamedList("budget")
    /// Billionths of bit/s.
    private var capacities: [Int128] = []
    private var resources: [AllocationResource] = []

    init(_ bytes: [UInt8]) throws(AllocationDocumentError) {
        reader = DocumentReader(bytes: bytes)
        let value = try DocumentReader.parse(bytes)
        root = try reader.members(
            value, [], required: ["format", "unit", "links", "demands"], optional: ["name", "clusters", "critical", "budgets"])
        let format = try reader.string(root["format"]!, [.key("format")])
        guard format == InstanceDocument.format else {
            throw reader.failure([.key("format")], "the format \"\(format)\" is not read here; this reads \"\(InstanceDocument.format)\"")
        }
        let name = try reader.string(root["unit"]!, [.key("unit")])
        guard let unit = RateUnit(rawValue: name) else {
            throw reader.failure([.key("unit")], "the unit \"\(name)\" is none of bps, kbps, Mbps, Gbps")
        }
        self.unit = unit
    }

    mutating func document() throws(AllocationDocumentError) -> InstanceDocument {
        let name: String? = if let value = root["name"], value != .null { try reader.string(value, [.key("name")]) } else { nil }
        try readClusters()
        try readLinks()
        try readReservations()
        try readBudgets()
        let demands = try readDemands()
        let (weights, power) = try scaledWeights(demands)
        let entries = demands.indices.map { demands[$0].demand(weight: weights[$0]) }
        do throws(AllocationInstanceError) {
            let instance = try AllocationInstance(resources: resources, demands: entries)
            return InstanceDocument(name: name, unit: unit, instance: instance, weightPower: power)
        } catch {
            throw reader.failure(path(of: error.place), error.problem)
        }
    }

    /// The document stands in the order of the lists that the instance was made from.
    private func path(of place: AllocationInstanceError.Place) -> Path {
        switch place {
        case .whole: [.key("demands")]
        case .demand(let index), .pathEntry(let index, _): [.key("demands"), .index(index)]
        case .resource(let index) where index < links.count: [.key("links"), .index(index)]
        case .resource(let index): [.key("budgets"), .index(index - links.count)]
        }
    }

    private mutating func readClusters() throws(AllocationDocumentError) {
        for (index, value) in try reader.array(root["clusters"], [.key("clusters")]).enumerated() {
            let path: Path = [.key("clusters"), .index(index)]
            let name = try reader.identifier(value, path)
            guard !clusters.contains(name) else { throw reader.failure(path, "the cluster \"\(name)\" stands twice") }
            clusters.append(name)
        }
    }

    /// Links may say more about themselves than is needed to share them.
    private static let linkRemarks = [
        "name", "from", "to", "src", "dst", "source", "target", "a", "b", "label", "description", "kind", "type", "class", "site",
        "cluster", "clusters", "delay", "delay_ms", "latency", "latency_ms", "rtt_ms", "length", "length_km", "cost", "metric", "tags",
    ]

    private mutating func readLinks() throws(AllocationDocumentError) {
        for (index, value) in try reader.array(root["links"], [.key("links")]).enumerated() {
            let path: Path = [.key("links"), .index(index)]
            let link = try reader.members(value, path, required: ["id", "cap"], optional: InstanceParser.linkRemarks)
            try add(link["id"]!, to: &links, path)
            capacities.append(try reader.billionths(link["cap"]!, unit, path + [.key("cap")]))
        }
    }

    private func add(_ id: JSONValue, to list: inout NamedList, _ path: Path) throws(AllocationDocumentError) {
        let text = try reader.identifier(id, path + [.key("id")])
        guard list.append(text) else { throw reader.failure(path + [.key("id")], "the \(list.noun) \"\(text)\" stands twice") }
    }

    /// Critical flows have their rates on every link that they use; what is left, never below 0, is shared.
    private mutating func readReservations() throws(AllocationDocumentError) {
        var flows = NamedList("critical flow")
        for (index, value) in try reader.array(root["critical"], [.key("critical")]).enumerated() {
            let path: Path = [.key("critical"), .index(index)]
            let flow = try reader.members(value, path, required: ["id", "links", "rate"], optional: ["name", "cluster"])
            try add(flow["id"]!, to: &flows, path)
            let rate = try reader.billionths(flow["rate"]!, unit, path + [.key("rate")])
            for link in try entries(flow["links"]!, of: links, path + [.key("links")]) { capacities[link] = max(0, capacities[link] - rate) }
        }
        for (index, capacity) in capacities.enumerated() {
            resources.append(resource(.link, links.names[index], capacity))
        }
    }

    private mutating func readBudgets() throws(AllocationDocumentError) {
        for (index, value) in try reader.array(root["budgets"], [.key("budgets")]).enumerated() {
            let path: Path = [.key("budgets"), .index(index)]
            let budget = try reader.members(value, path, required: ["id", "cap"], optional: ["cluster", "name"])
            try add(budget["id"]!, to: &budgets, path)
            _ = try cluster(budget["cluster"], path)
            let capacity = try reader.billionths(budget["cap"]!, unit, path + [.key("cap")])
            resources.append(resource(.budget, budgets.names[index], capacity))
        }
    }

    private func resource(_ kind: AllocationResource.Kind, _ id: String, _ billionths: Int128) -> AllocationResource {
        let capacity = ExactRate(billionths: billionths)
        var resource = AllocationResource(kind: kind, id: id, capacity: capacity.whole)
        resource.capacityFraction = capacity.fraction
        return resource
    }

    private func cluster(_ value: JSONValue?, _ path: Path) throws(AllocationDocumentError) -> ClusterID {
        guard let value, value != .null else { return ClusterID("") }
        let place = path + [.key("cluster")]
        if let index = value.integer, clusters.indices.contains(Int(index)) { return ClusterID(clusters[Int(index)]) }
        let name = try reader.string(value, place)
        guard clusters.isEmpty || clusters.contains(name) else {
            let nearest = Nearest.to(name, among: clusters).map { "; did you mean \"\($0)\"?" } ?? ""
            throw reader.failure(place, "there is no cluster \"\(name)\" in clusters\(nearest)")
        }
        return ClusterID(name)
    }

    private func readDemands() throws(AllocationDocumentError) -> [DocumentDemand] {
        var names = NamedList("demand")
        var demands: [DocumentDemand] = []
        for (index, value) in try reader.array(root["demands"], [.key("demands")]).enumerated() {
            let path: Path = [.key("demands"), .index(index)]
            let members = try reader.members(
                value, path, required: ["id", "weight", "tier"],
                optional: ["cluster", "links", "paths", "budgets", "min", "max", "name"])
            try add(members["id"]!, to: &names, path)
            demands.append(try demand(members, id: names.names[index], path))
        }
        return demands
    }

    private func demand(
        _ members: [String: JSONValue], id: String, _ path: Path
    ) throws(AllocationDocumentError) -> DocumentDemand {
        let crossed = try linkEntries(members, path)
        let named = try members["budgets"].map { value throws(AllocationDocumentError) in
            try entries(value, of: budgets, path + [.key("budgets")])
        } ?? []
        guard !crossed.isEmpty || !named.isEmpty else {
            throw reader.failure(path, "the demand \"\(id)\" crosses no link and names no budget, so nothing bounds it")
        }
        let least = try members["min"].map { value throws(AllocationDocumentError) in
            try reader.billionths(value, unit, path + [.key("min")])
        } ?? 0
        let most = try maximum(members["max"], path + [.key("max")])
        if let most, least > most {
            throw reader.failure(path + [.key("min")], "the minimum of \"\(id)\" is above its maximum")
        }
        let weight = try reader.decimal(members["weight"]!, path + [.key("weight")])
        guard !weight.isNegative, weight.coefficient > 0 else {
            throw reader.failure(path + [.key("weight")], "a weight is above 0")
        }
        return DocumentDemand(
            id: id, cluster: try cluster(members["cluster"], path), resources: crossed + named.map { $0 + links.count },
            minimum: least, maximum: most, weight: weight, tier: try tier(members["tier"]!, path + [.key("tier")]))
    }

    private func maximum(_ value: JSONValue?, _ path: Path) throws(AllocationDocumentError) -> Int128? {
        guard let value, value != .null else { return nil }
        // What is above every rate believed bounds nothing.
        let number = try reader.decimal(value, path)
        if !number.isNegative, number.scaled(byPowerOfTen: unit.power) ?? .max > Int128(BitRate.maximum.bitsPerSecond) { return nil }
        return try reader.billionths(value, unit, path)
    }

    private func tier(_ value: JSONValue, _ path: Path) throws(AllocationDocumentError) -> Int {
        guard let tier = value.integer, tier >= 0 else { throw reader.failure(path, "a tier is a whole number, 0 or above") }
        return Int(tier)
    }

    /// The one path of a demand: `links`, or `paths` with a single path in it.
    private func linkEntries(_ members: [String: JSONValue], _ path: Path) throws(AllocationDocumentError) -> [Int] {
        guard let value = members["paths"] else {
            return try members["links"].map { value throws(AllocationDocumentError) in
                try entries(value, of: links, path + [.key("links")])
            } ?? []
        }
        guard members["links"] == nil else {
            throw reader.failure(path + [.keyItself("paths")], "a demand has either links or paths, not both")
        }
        let paths = try reader.array(value, path + [.key("paths")])
        guard paths.count <= 1 else {
            throw reader.failure(
                path + [.key("paths")],
                "\(paths.count) paths for one demand are not shared out here: give the one path that its traffic takes, as links")
        }
        return try paths.first.map { first throws(AllocationDocumentError) in
            try entries(first, of: links, path + [.key("paths"), .index(0)])
        } ?? []
    }

    /// Entries name a member of a list by its index or by its id.
    private func entries(
        _ value: JSONValue, of list: NamedList, _ path: Path
    ) throws(AllocationDocumentError) -> [Int] {
        var found: [Int] = []
        for (position, entry) in try reader.array(value, path).enumerated() {
            let place = path + [.index(position)]
            let index: Int
            switch entry {
            case .string(let id):
                guard let known = list.index(of: id) else {
                    let nearest = Nearest.to(id, among: list.names).map { "; did you mean \"\($0)\"?" } ?? ""
                    throw reader.failure(place, "there is no \(list.noun) \"\(id)\"\(nearest)")
                }
                index = known
            case .number:
                guard let number = entry.integer, list.names.indices.contains(Int(number)) else {
                    let range = list.count == 0 ? "there is none" : "there are 0 to \(list.count - 1)"
                    throw reader.failure(place, "there is no \(list.noun) of this number; \(range)")
                }
                index = Int(number)
            default: throw reader.failure(place, "the index or the id of a \(list.noun) should stand here, not \(reader.kind(of: entry))")
            }
            guard !found.contains(index) else { throw reader.failure(place, "the \(list.noun) \"\(list.names[index])\" stands twice") }
            found.append(index)
        }
        return found
    }

    /// A weight whose last digits are cut is at least this, so that the cut changes no share by more than a ten-millionth part.
    private static let leastCutWeight: Int64 = 10_000_000

    /// All weights times the largest power of ten, 10⁶ to 10¹⁵, at which they are whole or as fine as their sum allows.
    private func scaledWeights(_ demands: [DocumentDemand]) throws(AllocationDocumentError) -> ([Int64], Int) {
        let needed = demands.reduce(6) { max($0, -$1.weight.exponent) }
        var power = min(needed, 15)
        while true {
            var sum: Int128 = 0
            var weights: [Int64] = []
            weights.reserveCapacity(demands.count)
            for demand in demands {
                let scaled = demand.weight.scaled(byPowerOfTen: power).flatMap { Int64(exactly: $0) } ?? .max
                sum += Int128(scaled)
                weights.append(scaled)
            }
            if sum < Int128(AllocationInstance.maximumSum) {
                if let index = weights.firstIndex(of: 0) {
                    throw reader.failure(
                        [.key("demands"), .index(index), .key("weight")], "the weight is too small beside the others to be told from 0")
                }
                if let index = demands.indices.first(where: { -demands[$0].weight.exponent > power && weights[$0] < InstanceParser.leastCutWeight }) {
                    throw reader.failure(
                        [.key("demands"), .index(index), .key("weight")],
                        "the weight has more digits than can be kept beside the others; write it with fewer, or the weights nearer to each other")
                }
                return (weights, power)
            }
            guard power > 6 else { throw reader.failure([.key("demands")], "the weights add up to more than can be shared by") }
            power -= 1
        }
    }
}

/// The ids of one list of the document, in its order.
private struct NamedList {
    let noun: String
    private(set) var names: [String] = []
    private var positions: [String: Int] = [:]

    init(_ noun: String) { self.noun = noun }
    var count: Int { names.count }
    func index(of name: String) -> Int? { positions[name] }

    /// False where the name stands there already.
    mutating func append(_ name: String) -> Bool {
        guard positions.updateValue(names.count, forKey: name) == nil else { return false }
        names.append(name)
        return true
    }
}

/// A rate of a document: whole bits per second, and what it says beyond them in parts of 2⁻⁶⁴ bit/s.
private struct ExactRate {
    let whole: BitRate
    let fraction: UInt64

    init(billionths: Int128) {
        let (bits, rest) = billionths.quotientAndRemainder(dividingBy: 1_000_000_000)
        whole = BitRate(bitsPerSecond: Int64(bits))
        fraction = UInt64((UInt128(rest) << 64) / 1_000_000_000)
    }
}

/// A demand as the document has it; its weight becomes whole when all are known.
private struct DocumentDemand {
    let id: String
    let cluster: ClusterID
    let resources: [Int]
    /// Billionths of bit/s.
    let minimum: Int128
    let maximum: Int128?
    let weight: ExactDecimal
    let tier: Int

    func demand(weight: Int64) -> AllocationDemand {
        let least = ExactRate(billionths: minimum)
        let most = maximum.map(ExactRate.init)
        var demand = AllocationDemand(
            id: id, cluster: cluster, resources: resources, minimum: least.whole, maximum: most?.whole, weight: weight, tier: tier)
        demand.minimumFraction = least.fraction
        demand.maximumFraction = most?.fraction ?? 0
        return demand
    }
}
