import Quantities

/// A fleet on one screen, as `fairlead validate` prints it.
public enum FleetSummary {
    /// One line for the fleet, then one for each cluster, columns aligned.
    public static func table(of fleet: FleetConfiguration) -> String {
        let flows = fleet.clusters.reduce(0) { $0 + $1.flows.count }
        let workloads = fleet.clusters.reduce(0) { $0 + $1.workloads.count }
        let head =
            "\(fleet.name): \(count(fleet.clusters.count, "cluster")), \(count(fleet.links.count, "link")), "
            + "\(count(flows, "critical flow")), \(count(workloads, "managed workload")), \(count(fleet.loops.count, "loop")); "
            + "\(fleet.law.name) every \(fleet.tick)"
        guard !fleet.clusters.isEmpty else { return head + "\n" }
        let rows =
            [["CLUSTER", "MODE", "DELIVERY", "FLOWS", "WORKLOADS", "LINKS"]]
            + fleet.clusters.map { cluster in
                [
                    cluster.id.text, cluster.mode.rawValue, cluster.delivery.rawValue, "\(cluster.flows.count)",
                    "\(cluster.workloads.count)", cluster.links.map(\.text).joined(separator: ", "),
                ]
            }
        return head + "\n\n" + aligned(rows)
    }

    /// `2 problems in 1 file`
    public static func sentence(of problems: [ConfigurationProblem]) -> String {
        "\(count(problems.count, "problem")) in \(count(Set(problems.map(\.file)).count, "file"))"
    }

    private static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }

    private static func aligned(_ rows: [[String]]) -> String {
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                line += column == row.count - 1 ? cell : cell + String(repeating: " ", count: widths[column] - cell.count + 2)
            }
            return line + "\n"
        }.joined()
    }
}
