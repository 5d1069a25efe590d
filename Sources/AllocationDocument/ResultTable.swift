import Allocation
import Quantities

extension ResultDocument {
    /// For a person: one row per demand, one per resource, and what is missing. Rates in the instance's unit.
    public var table: String {
        let instance = document.instance
        let unit = document.unit
        var text = ""
        if !result.isFeasible { text += shortfallLines + "\n" }
        text += ResultTable.text(
            ["DEMAND", "CLUSTER", "TIER", "MIN (\(unit.rawValue))", "RATE (\(unit.rawValue))", "BOUND BY"], rightAligned: [2, 3, 4],
            instance.demands.indices.map { index in
                let demand = instance.demands[index]
                return [
                    demand.id, demand.cluster.text, "\(demand.tier)", unit.text(result.minimum(of: index)),
                    unit.text(result.rate(of: index)), binding(index),
                ]
            })
        text += "\n"
        text += ResultTable.text(
            ["RESOURCE", "CAPACITY (\(unit.rawValue))", "USED (\(unit.rawValue))", "SATURATED"], rightAligned: [1, 2],
            instance.resources.indices.map { index in
                [
                    name(index), unit.text(instance.resources[index].capacity), unit.text(result.used(of: index)),
                    result.isSaturated(index) ? "yes" : "no",
                ]
            })
        return text
    }

    private var shortfallLines: String {
        result.shortfalls.map { shortfall in
            "infeasible: on \(name(shortfall.resource)) the minimums of tier \(shortfall.tier) miss "
                + "\(document.unit.text(shortfall.missing)) \(document.unit.rawValue)\n"
        }.joined()
    }

    private func binding(_ demand: Int) -> String {
        switch result.limit(of: demand) {
        case .maximum: "its maximum"
        case .resource(let resource): name(resource)
        }
    }

    private func name(_ resource: Int) -> String {
        "\(document.instance.resources[resource].kind.rawValue) \(document.instance.resources[resource].id)"
    }
}

/// Columns as wide as their widest cell, two spaces between them.
private enum ResultTable {
    static func text(_ header: [String], rightAligned: Set<Int>, _ rows: [[String]]) -> String {
        let rows = rows.map { $0.map(plain) }
        let widths = header.indices.map { column in ([header] + rows).reduce(0) { max($0, $1[column].count) } }
        return ([header] + rows).map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                let isLast = column == row.count - 1
                line += rightAligned.contains(column) ? padding + cell : isLast ? cell : cell + padding
                if !isLast { line += "  " }
            }
            return line + "\n"
        }.joined()
    }

    /// Ids come from a file: what would steer a terminal is shown as a question mark.
    private static func plain(_ cell: String) -> String {
        String(String.UnicodeScalarView(cell.unicodeScalars.map { $0.properties.generalCategory == .control ? "?" : $0 }))
    }
}
