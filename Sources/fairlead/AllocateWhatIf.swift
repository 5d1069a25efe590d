import Allocation
import AllocationDocument
import ArgumentParser
import JSONDocument
import Quantities

/// A capacity as somebody might set it: `link.wan-a=400M`, `budget.plant-a=0`.
struct CapacitySetting {
    let kind: AllocationResource.Kind
    let id: String
    let capacity: BitRate

    /// Throws what is wrong as a sentence: of a rate in the words of `fairlead validate`.
    init(parsing argument: String) throws {
        guard let equals = argument.lastIndex(of: "="), let dot = argument[..<equals].firstIndex(of: "."),
            let kind = AllocationResource.Kind(rawValue: String(argument[..<dot])), kind != .brake, argument.index(after: dot) < equals
        else { throw ValidationError("'\(argument)' is no capacity; write such as link.wan-a=400M") }
        let text = String(argument[argument.index(after: equals)...])
        // A link that is cut carries nothing, and nothing has no unit.
        do { capacity = text == "0" ? .zero : try BitRate(parsing: text) } catch { throw ValidationError("\(argument[..<equals]): \(error)") }
        self.kind = kind
        id = String(argument[argument.index(after: dot)..<equals])
    }
}

/// What would become of an answer if capacities were others: who gains, who loses, and what binds them then.
struct AllocateWhatIf {
    struct Row {
        let demand: String
        let before: BitRate
        let after: BitRate
        let binding: String
    }
    let rows: [Row]
    let isFeasible: Bool
    let shortfalls: [String]

    init(_ instance: AllocationInstance, _ settings: [CapacitySetting]) throws(UnknownResource) {
        var changed = instance
        for setting in settings {
            guard let index = instance.resources.firstIndex(where: { $0.kind == setting.kind && $0.id == setting.id }) else {
                throw UnknownResource(kind: setting.kind, id: setting.id)
            }
            changed = changed.with(capacity: setting.capacity, of: index)
        }
        var solver = AllocationSolver()
        let before = solver.solve(instance)
        let after = solver.solve(changed)
        rows = instance.demands.indices.compactMap { index in
            guard before.rate(of: index) != after.rate(of: index) else { return nil }
            return Row(
                demand: instance.demands[index].id, before: before.rate(of: index), after: after.rate(of: index),
                binding: AllocateExplanation.name(after.limit(of: index), in: changed))
        }
        isFeasible = after.isFeasible
        shortfalls = after.shortfalls.map {
            "\(AllocateExplanation.name(.resource($0.resource), in: changed)) lacks \($0.missing.readable) for the minimums of tier \($0.tier)"
        }
    }

    struct UnknownResource: Error {
        let kind: AllocationResource.Kind
        let id: String
    }

    func json(_ unit: RateUnit) -> JSONValue {
        [
            "same": .bool(rows.isEmpty), "unit": .string(unit.rawValue), "feasible": .bool(isFeasible),
            "shortfalls": .array(shortfalls.map { .string($0) }),
            "changes": .array(rows.map { row in
                [
                    "id": .string(row.demand), "before": .number(unit.text(row.before)), "after": .number(unit.text(row.after)),
                    "binding": .string(row.binding),
                ]
            }),
        ]
    }

    var table: String {
        guard !rows.isEmpty else { return "no share would move\n" }
        var table = TextTable([.init("DEMAND"), .init("NOW", .right), .init("THEN", .right), .init("WHY")])
        for row in rows {
            let verb = row.after < row.before ? "loses" : "gains"
            let amount = row.after < row.before ? row.before.minus(row.after) : row.after.minus(row.before)
            table.add([row.demand, row.before.readable, row.after.readable, "\(verb) \(amount.readable): \(row.binding) binds"])
        }
        return table.text(headers: true) + shortfalls.map { $0 + "\n" }.joined()
    }
}

/// One share of an answer, explained: what binds it, what is next, what more would bring, and who would lose.
struct AllocateExplanation {
    let lines: [String]
    let json: JSONValue

    /// Nil where there is no such demand.
    init?(_ id: String, _ document: InstanceDocument) {
        let instance = document.instance
        guard let index = instance.demands.firstIndex(where: { $0.id == id }) else { return nil }
        var solver = AllocationSolver()
        let result = solver.solve(instance)
        let reason = solver.reason(for: index, in: instance, result)
        func told(_ change: ShareReason.Change) -> String {
            let amount = BitRate(bitsPerSecond: abs(change.bitsPerSecond)).readable
            return "\(instance.demands[change.demand].id) \(change.bitsPerSecond < 0 ? "loses" : "gains") \(amount)"
        }
        func list(_ changes: [ShareReason.Change]) -> JSONValue {
            .array(changes.map { ["id": .string(instance.demands[$0.demand].id), "bits_per_second": .integer($0.bitsPerSecond)] })
        }
        let binding = AllocateExplanation.name(reason.limit, in: instance)
        var lines = ["\(id) gets \(reason.rate.readable): \(binding) binds\(reason.isAtMinimum ? ", and it has no more than its minimum" : "")."]
        if let next = reason.next {
            lines.append("Behind it \(AllocateExplanation.name(next.limit, in: instance)) would bind, at \(next.rate.readable).")
        }
        if !reason.marginal.isEmpty {
            lines.append("1 Mbit/s more on \(binding): " + reason.marginal.map(told).joined(separator: ", ") + ".")
        }
        if !reason.losers.isEmpty {
            lines.append("If it were guaranteed 1 Mbit/s more: " + reason.losers.map(told).joined(separator: ", ") + ".")
        }
        self.lines = lines
        json = [
            "id": .string(id), "unit": .string(document.unit.rawValue), "rate": .number(document.unit.text(reason.rate)),
            "binding": .string(binding), "is_at_minimum": .bool(reason.isAtMinimum),
            "next": reason.next.map { next -> JSONValue in
                ["binding": .string(AllocateExplanation.name(next.limit, in: instance)), "rate": .number(document.unit.text(next.rate))]
            } ?? .null,
            "marginal_per_megabit": list(reason.marginal), "losers": list(reason.losers),
        ]
    }

    /// `its own maximum`, or the resource: `link wan-a`.
    static func name(_ limit: AllocationResult.Limit, in instance: AllocationInstance) -> String {
        switch limit {
        case .maximum: "its own maximum"
        case .resource(let index): "\(instance.resources[index].kind.rawValue) \(instance.resources[index].id)"
        }
    }
}
