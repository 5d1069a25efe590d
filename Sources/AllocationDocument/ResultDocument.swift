public import Allocation
import JSONDocument
import Quantities

/// An answer in the format `wan-alloc-result/1`: every rate in the instance's unit, with the digits to carry each bit, and the certificate.
public struct ResultDocument: Sendable {
    public static let format = "wan-alloc-result/1"

    public let document: InstanceDocument
    public let result: AllocationResult
    /// How long the answer took, certificate included; nil in a document from elsewhere.
    public let solveMicroseconds: Int64?

    public init(_ document: InstanceDocument, _ result: AllocationResult, solveMicroseconds: Int64?) {
        self.document = document
        self.result = result
        self.solveMicroseconds = solveMicroseconds
    }

    /// The document, indented. But for the time taken, equal instances give equal text.
    public var json: String {
        let instance = document.instance
        let value: JSONValue = [
            "format": .string(ResultDocument.format),
            "name": .optional(document.name),
            "unit": .string(document.unit.rawValue),
            "feasible": .bool(result.isFeasible),
            "demands": .array(instance.demands.indices.map(demand)),
            "resources": .array(instance.resources.indices.map(resource)),
            "shortfalls": .array(result.shortfalls.map(shortfall)),
            "solve_microseconds": .optional(solveMicroseconds),
            "certificate": certificate,
        ]
        return value.indentedText
    }

    private func number(_ rate: BitRate) -> JSONValue { .number(document.unit.text(rate)) }

    private func demand(_ index: Int) -> JSONValue {
        let demand = document.instance.demands[index]
        return [
            "id": .string(demand.id),
            "cluster": .optional(demand.cluster.text.isEmpty ? nil : demand.cluster.text),
            "tier": .integer(demand.tier),
            "min": number(result.minimum(of: index)),
            "rate": number(result.rate(of: index)),
            "binding": binding(index),
        ]
    }

    /// A demand that its own maximum binds is named itself.
    private func binding(_ demand: Int) -> JSONValue {
        switch result.limit(of: demand) {
        case .maximum: ["kind": .string("maximum"), "id": .string(document.instance.demands[demand].id)]
        case .resource(let resource): .object(name(resource))
        }
    }

    private func name(_ resource: Int) -> [JSONValue.Member] {
        let resource = document.instance.resources[resource]
        return [JSONValue.Member("kind", .string(resource.kind.rawValue)), JSONValue.Member("id", .string(resource.id))]
    }

    private func resource(_ index: Int) -> JSONValue {
        .object(
            name(index) + [
                JSONValue.Member("capacity", number(document.instance.resources[index].capacity)),
                JSONValue.Member("used", number(result.used(of: index))),
                JSONValue.Member("saturated", .bool(result.isSaturated(index))),
            ])
    }

    private func shortfall(_ shortfall: AllocationResult.Shortfall) -> JSONValue {
        .object(
            name(shortfall.resource) + [
                JSONValue.Member("tier", .integer(shortfall.tier)),
                JSONValue.Member("missing", number(shortfall.missing)),
            ])
    }

    /// Levels in hexadecimal bit/s per unit of weight, the weights taken times ten to `weight_power`.
    private var certificate: JSONValue {
        var steps: [JSONValue] = []
        var begin = 0
        for step in result.certificate.steps {
            let levels = result.certificate.levels[begin..<step.end].map { entry in
                JSONValue.object(name(Int(entry.resource)) + [JSONValue.Member("level", .string(entry.level.description))])
            }
            begin = step.end
            steps.append(["phase": .string(step.phase.rawValue), "tier": .integer(step.tier), "levels": .array(levels)])
        }
        return ["weight_power": .integer(document.weightPower), "steps": .array(steps)]
    }
}
