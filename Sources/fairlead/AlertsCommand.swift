import ArgumentParser
import Events
import Explanation
import JSONDocument
import Quantities
import ReadModel

/// `fairlead alerts`: what fires, what is about to, and what was resolved lately.
struct AlertsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "alerts", abstract: "List the alerts: firing, pending, and those resolved lately.",
        discussion: """
            Reads the event log and nothing else. An alert's id is the place on the log at
            which its newest state stands; its fingerprint, which receivers are sent,
            stays the same for as long as it has the same labels.

            Examples:
              fairlead alerts
              fairlead alerts -o json | jq -r '.alerts[] | select(.state == "firing") | .rule'

            Exit codes: 0 shown, 2 the log cannot be read, 64 wrong usage.
            """)

    @OptionGroup var options: ReadOptions

    @Flag(help: "Leave the line of headers out.")
    var noHeaders = false

    func run() async throws {
        try await options.read { log, environment in
            let now = environment.now()
            let alerts = try await log.alerts()
            switch options.output {
            case .json:
                environment.write((["as_of": .string(now.description), "alerts": .array(alerts.map { $0.json(now: now) })] as JSONValue).indentedText + "\n")
            case .table where alerts.isEmpty: environment.say("fairlead: no alert was ever raised.")
            case .table: environment.write(AlertsCommand.table(alerts, now: now).text(headers: !noHeaders))
            }
        }
    }

    private static func table(_ alerts: [AlertOverview], now: WallTime) -> TextTable {
        var table = TextTable([.init("STATE"), .init("RULE"), .init("OF"), .init("SINCE"), .init("ID"), .init("WHAT")])
        for alert in alerts {
            let subject = AlertSentence(alert.change).labels
            table.add([
                alert.change.state.rawValue, alert.change.rule, subject.isEmpty ? "the centre" : subject, Age(of: alert.since, at: now).text,
                alert.position.description, alert.change.summary,
            ])
        }
        return table
    }
}

/// `fairlead explain alert ID`: one alert, and where to look.
struct ExplainAlertCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "alert", abstract: "Explain one alert: of whom, since when, what was seen, and where to look.",
        discussion: """
            The id is the alert's place on the log, or its fingerprint: fairlead alerts
            has the one, -o json and what receivers are sent have the other.

            Examples:
              fairlead explain alert alerter/12
              fairlead explain alert 3f1c0b9a77de4412 -o json

            Exit codes: 0 explained, 2 no such alert or the log cannot be read, 64 wrong
            usage.
            """)

    @Argument(help: ArgumentHelp("The alert's place on the log, or its fingerprint.", valueName: "id"))
    var id: String

    @OptionGroup var options: ReadOptions

    func run() async throws {
        try await options.read { log, environment in
            let (alerts, now) = (try await log.alerts(), environment.now())
            guard let alert = alerts.first(where: { $0.position.description == id || $0.change.fingerprint == id }) else {
                let known = alerts.prefix(8).map { "\($0.position) (\($0.change.rule))" }.joined(separator: ", ")
                let has = known.isEmpty ? "no alert was ever raised" : "the newest are \(known)"
                environment.say("fairlead: no alert's newest state stands at '\(plainLine(id, limit: 80))'; \(plainLine(has))")
                throw FairleadExit.unavailable
            }
            switch options.output {
            case .json: environment.write(alert.json(now: now).indentedText + "\n")
            case .table: environment.write(ExplainAlertCommand.lines(alert, now: now).map { plainLine($0) + "\n" }.joined())
            }
        }
    }

    private static func lines(_ alert: AlertOverview, now: WallTime) -> [String] {
        let labels = alert.change.labels.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
        let look = alert.change.labels["cluster"].map { "fairlead status, the row of \($0); the page /c/\($0) has its last hour" } ?? "fairlead status"
        return [
            AlertSentence(alert.change, since: alert.since, now: now).text,
            "since    \(alert.since) (\(Age(of: alert.since, at: now).text))",
            "labels   \(labels)",
            "log      \(alert.position), fingerprint \(alert.change.fingerprint)",
            "look at  \(look)",
        ]
    }
}

extension AlertOverview {
    /// The same as the page's JSON has.
    func json(now: WallTime) -> JSONValue {
        [
            "rule": .string(change.rule), "state": .string(change.state.rawValue), "fingerprint": .string(change.fingerprint),
            "since": .string(since.description), "labels": .object(change.labels.sorted { $0.key < $1.key }.map { .init($0.key, .string($0.value)) }),
            "summary": .string(change.summary), "position": .string(position.description),
            "sentence": .string(AlertSentence(change, since: since, now: now).text),
        ]
    }
}
