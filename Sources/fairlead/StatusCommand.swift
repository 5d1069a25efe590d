import ArgumentParser
import Events
import Explanation
import JSONDocument
import Quantities
import ReadModel

/// `fairlead status`: the fleet in one table, the worst cluster first.
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show every cluster: its state, its worst flow, its rates, its newest decision, and how old all that is.",
        discussion: """
            Reads the event log and nothing else, the worst cluster first. A cluster whose
            newest tick is old says when it was last seen, and its numbers are of then.
            Rates are sums over a cluster's managed workloads.

            Examples:
              fairlead status
              fairlead status -o json | jq -r '.clusters[] | select(.is_stale) | .cluster'

            Exit codes: 0 shown, 2 the log cannot be read, 64 wrong usage.
            """)

    @OptionGroup var options: ReadOptions

    @Flag(help: "Leave the line of headers out.")
    var noHeaders = false

    func run() async throws {
        try await options.read { log, environment in
            let now = environment.now()
            let rows = ClusterStatus.all(try await log.clusters(), now: now)
            let firing = try await log.alerts().filter { $0.change.state == .firing }.map(\.change)
            switch options.output {
            case .json: environment.write(ClusterStatus.document(rows, now: now).indentedText + "\n")
            case .table where rows.isEmpty: environment.say("fairlead: no cluster has written to the log yet.")
            case .table:
                environment.write(StatusCommand.table(rows, firing).text(headers: !noHeaders))
                for alert in firing where alert.labels["cluster"] == nil { environment.say("fairlead: \(AlertSentence(alert).text)") }
            }
        }
    }

    /// - Parameter firing: the alerts that fire; each is named in its cluster's row.
    static func table(_ rows: [ClusterStatus], _ firing: [AlertChange]) -> TextTable {
        var table = TextTable([
            .init("CLUSTER"), .init("STATE"), .init("SEEN"), .init("WORST FLOW"), .init("P95 OF TARGET"), .init("USED", .right),
            .init("APPLIED", .right), .init("DESIRED", .right), .init("ALERTS"), .init("NEWEST DECISION"),
        ])
        for row in rows {
            table.add([
                row.cluster.text, row.condition.word, row.seen, row.worst?.flow.id.text ?? "–", row.worst?.text ?? "–",
                row.used?.readable ?? "unknown", row.applied?.readable ?? "no limit", row.desired?.readable ?? "undecided",
                alerts(row.overview, firing), row.sentence ?? "none",
            ])
        }
        return table
    }

    private static func alerts(_ overview: ClusterOverview, _ firing: [AlertChange]) -> String {
        let rules = Set(firing.filter { $0.labels["cluster"] == overview.cluster.text }.map(\.rule)).sorted()
        let parts = [
            overview.alertsFiring > 0 ? ["\(overview.alertsFiring) firing", rules.isEmpty ? nil : rules.joined(separator: ", ")].compactMap { $0 }.joined(separator: ": ") : nil,
            overview.alertsPending > 0 ? "\(overview.alertsPending) pending" : nil,
        ].compactMap { $0 }
        return parts.isEmpty ? "none" : parts.joined(separator: "; ")
    }
}
