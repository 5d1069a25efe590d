import Allocation
import JSONDocument
import Quantities

extension ResultDocument {
    /// Reads an answer to an instance, from anybody, so that its certificate can be checked. Throws where it is malformed or
    /// speaks of something that the instance does not have; whether it is right is `AllocationCertificate.verify`'s to say.
    public init(parsing bytes: [UInt8], of document: InstanceDocument) throws(AllocationDocumentError) {
        let parser = try ResultParser(bytes, document)
        self.init(document, try parser.result(), solveMicroseconds: parser.microseconds)
    }
}

/// Reads a `wan-alloc-result/1` document against its instance. Keys that no check needs may say what they like.
private struct ResultParser {
    private typealias Path = DocumentReader.Path
    private let reader: DocumentReader
    private let root: JSONValue
    private let instance: AllocationInstance
    private let unit: RateUnit
    private let weightPower: Int
    private let demandIndex: [String: Int]
    private let resourceIndex: [AllocationResource.Kind: [String: Int]]

    init(_ bytes: [UInt8], _ document: InstanceDocument) throws(AllocationDocumentError) {
        reader = DocumentReader(bytes: bytes)
        root = try DocumentReader.parse(bytes)
        instance = document.instance
        weightPower = document.weightPower
        var demandIndex: [String: Int] = [:]
        for (index, demand) in document.instance.demands.enumerated() { demandIndex[demand.id] = index }
        self.demandIndex = demandIndex
        var resourceIndex: [AllocationResource.Kind: [String: Int]] = [:]
        for (index, resource) in document.instance.resources.enumerated() { resourceIndex[resource.kind, default: [:]][resource.id] = index }
        self.resourceIndex = resourceIndex
        guard root.members != nil else { throw reader.failure([], "an object should stand here") }
        let format = root["format"]?.string ?? ""
        guard format == ResultDocument.format else {
            throw reader.failure([.key("format")], "the format \"\(format)\" is not read here; this reads \"\(ResultDocument.format)\"")
        }
        guard let unit = (root["unit"]?.string).flatMap(RateUnit.init) else {
            throw reader.failure([.key("unit")], "the unit is one of bps, kbps, Mbps, Gbps")
        }
        self.unit = unit
    }

    var microseconds: Int64? { root["solve_microseconds"]?.integer }

    func result() throws(AllocationDocumentError) -> AllocationResult {
        guard let isFeasible = root["feasible"]?.bool else { throw reader.failure([.key("feasible")], "true or false should stand here") }
        let demands = try demands()
        let resources = try resources()
        let shortfalls = try shortfalls()
        guard isFeasible == shortfalls.isEmpty else {
            throw reader.failure([.key("feasible")], "feasible says \(isFeasible) and there are \(shortfalls.count) shortfalls")
        }
        return AllocationResult(
            minimums: demands.map(\.minimum), rates: demands.map(\.rate), limits: demands.map(\.limit), used: resources.map(\.used),
            saturated: resources.map(\.isSaturated), shortfalls: shortfalls, certificate: try certificate())
    }

    private typealias DemandRow = (minimum: BitRate, rate: BitRate, limit: Int?)
    private typealias ResourceRow = (used: BitRate, isSaturated: Bool)

    private func demands() throws(AllocationDocumentError) -> [DemandRow] {
        var rows = [DemandRow?](repeating: nil, count: instance.demands.count)
        for (position, value) in try reader.array(root["demands"], [.key("demands")]).enumerated() {
            let path: Path = [.key("demands"), .index(position)]
            let id = try reader.string(try member("id", value, path), path + [.key("id")])
            guard let index = demandIndex[id] else { throw reader.failure(path + [.key("id")], "the instance has no demand \"\(id)\"") }
            guard rows[index] == nil else { throw reader.failure(path + [.key("id")], "the demand \"\(id)\" stands twice") }
            let binding = try member("binding", value, path)
            let isOwn = binding["kind"]?.string == "maximum"
            rows[index] = (
                minimum: try rate("min", value, path), rate: try rate("rate", value, path),
                limit: isOwn ? nil : try resource(binding, path + [.key("binding")])
            )
        }
        return try complete(rows, "demands") { "demand \"\(instance.demands[$0].id)\"" }
    }

    private func resources() throws(AllocationDocumentError) -> [ResourceRow] {
        var rows = [ResourceRow?](repeating: nil, count: instance.resources.count)
        for (position, value) in try reader.array(root["resources"], [.key("resources")]).enumerated() {
            let path: Path = [.key("resources"), .index(position)]
            let index = try resource(value, path)
            guard rows[index] == nil else { throw reader.failure(path, "the resource stands twice") }
            let capacity = try rate("capacity", value, path)
            guard capacity == instance.resources[index].capacity else {
                throw reader.failure(path + [.key("capacity")], "the instance leaves \(instance.resources[index].capacity.bitsPerSecond) bit/s there")
            }
            guard let isSaturated = try member("saturated", value, path).bool else {
                throw reader.failure(path + [.key("saturated")], "true or false should stand here")
            }
            rows[index] = (used: try rate("used", value, path), isSaturated: isSaturated)
        }
        return try complete(rows, "resources") { "\(instance.resources[$0].kind.rawValue) \"\(instance.resources[$0].id)\"" }
    }

    private func complete<Row>(
        _ rows: [Row?], _ key: String, _ name: (Int) -> String
    ) throws(AllocationDocumentError) -> [Row] {
        if let index = rows.firstIndex(where: { $0 == nil }) { throw reader.failure([.key(key)], "the \(name(index)) is missing") }
        return rows.compactMap { $0 }
    }

    private func shortfalls() throws(AllocationDocumentError) -> [AllocationResult.Shortfall] {
        var found: [AllocationResult.Shortfall] = []
        for (position, value) in try reader.array(root["shortfalls"], [.key("shortfalls")]).enumerated() {
            let path: Path = [.key("shortfalls"), .index(position)]
            found.append(
                AllocationResult.Shortfall(
                    resource: try resource(value, path), tier: try tier(value, path), missing: try rate("missing", value, path)))
        }
        return found
    }

    private func certificate() throws(AllocationDocumentError) -> AllocationCertificate {
        let path: Path = [.key("certificate")]
        let value = try member("certificate", root, [])
        guard try member("weight_power", value, path).integer == Int64(weightPower) else {
            throw reader.failure(path + [.key("weight_power")], "the instance's weights are taken times ten to \(weightPower)")
        }
        var steps: [AllocationCertificate.Step] = []
        var levels: [AllocationCertificate.ResourceLevel] = []
        for (position, step) in try reader.array(try member("steps", value, path), path + [.key("steps")]).enumerated() {
            let path = path + [.key("steps"), .index(position)]
            guard let phase = (step["phase"]?.string).flatMap(AllocationCertificate.Phase.init) else {
                throw reader.failure(path + [.key("phase")], "a phase is \"minimum\" or \"excess\"")
            }
            for (position, value) in try reader.array(try member("levels", step, path), path + [.key("levels")]).enumerated() {
                let path = path + [.key("levels"), .index(position)]
                guard let level = (value["level"]?.string).flatMap(FillLevel.init(hexadecimal:)) else {
                    throw reader.failure(path + [.key("level")], "a level is a text of hexadecimal digits, such as \"14d.5555\"")
                }
                levels.append(AllocationCertificate.ResourceLevel(resource: Int32(try resource(value, path)), level: level))
            }
            steps.append(AllocationCertificate.Step(phase: phase, tier: try tier(step, path), end: levels.count))
        }
        return AllocationCertificate(steps: steps, levels: levels)
    }

    private func member(_ key: String, _ value: JSONValue, _ path: Path) throws(AllocationDocumentError) -> JSONValue {
        guard let member = value[key] else { throw reader.failure(path, "the key \"\(key)\" is missing") }
        return member
    }

    private func tier(_ value: JSONValue, _ path: Path) throws(AllocationDocumentError) -> Int {
        guard let tier = try member("tier", value, path).integer else { throw reader.failure(path + [.key("tier")], "a tier is a whole number") }
        return Int(tier)
    }

    /// A rate that is a whole number of bits per second.
    private func rate(_ key: String, _ value: JSONValue, _ path: Path) throws(AllocationDocumentError) -> BitRate {
        let place = path + [.key(key)]
        let value = try member(key, value, path)
        guard try reader.decimal(value, place).isWhole(timesPowerOfTen: unit.power) else {
            throw reader.failure(place, "a rate in a result is a whole number of bits per second")
        }
        return try reader.rate(value, unit, place)
    }

    private func resource(_ value: JSONValue, _ path: Path) throws(AllocationDocumentError) -> Int {
        guard let kind = (value["kind"]?.string).flatMap(AllocationResource.Kind.init), let id = value["id"]?.string,
            let index = resourceIndex[kind]?[id]
        else { throw reader.failure(path, "kind and id name no link and no budget of the instance") }
        return index
    }
}
