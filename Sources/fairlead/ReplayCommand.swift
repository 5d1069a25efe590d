import ArgumentParser
import Events
import JSONDocument
import LawHistory
import Quantities
import ReadModel

/// `fairlead replay`: whether the log reproduces itself.
struct ReplayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Decide every recorded decision again from its row; exit 1 with the place where one does not come out equal.",
        discussion: """
            Law, state and input stand in each row. The law is run on them again, and its
            answer must have the same bytes; and each row must begin with the state in
            which the one before it ended, as long as one process wrote both.

            Examples:
              fairlead replay --until 2026-11-23T08:48:04Z
              fairlead replay --since 1d --cluster plant-a -o json

            Exit codes: 0 all came out equal, 1 at least one did not, 2 nothing was
            recorded in that time or the log cannot be read, 64 wrong usage.
            """)

    @Option(help: ArgumentHelp("From when on: 7d, 12h or 30m ago, a day (UTC), or an instant. Default: the beginning.", valueName: "when"))
    var since: HistoryInstant?

    @Option(help: ArgumentHelp("Up to when. Default: now.", valueName: "when"))
    var until: HistoryInstant?

    @Option(help: "Only this cluster.")
    var cluster: String?

    @OptionGroup var options: ReadOptions

    func run() async throws {
        try await options.read { log, environment in
            let now = environment.now()
            let stretch = HistoryStretch(
                cluster: cluster.map { ClusterID($0) }, from: since?.instant(before: now) ?? WallTime(microseconds: 0),
                to: until?.instant(before: now) ?? now)
            var replay = LawReplay()
            try await log.history(stretch) { replay.fold($0) }
            guard replay.rows + replay.findingCount > 0 else {
                environment.say("fairlead: no decision\(cluster.map { " of \($0)" } ?? "") is on the log between \(stretch.from) and \(stretch.to).")
                throw FairleadExit.unavailable
            }
            switch options.output {
            case .json: environment.write(replay.json.indentedText + "\n")
            case .table: environment.write(ReplayCommand.text(replay))
            }
            if replay.findingCount > 0 { throw FairleadExit.different }
        }
    }

    static func text(_ replay: LawReplay) -> String {
        var lines = replay.findings.map { "\($0)" }
        if replay.findingCount > replay.findings.count { lines.append("and \(replay.findingCount - replay.findings.count) more") }
        let verdict = replay.findingCount == 0 ? "all came out equal" : "\(replay.findingCount) did NOT come out equal"
        lines.append("\(replay.rows) decisions decided again, \(replay.successions) of them after another of the same loop: \(verdict)")
        return lines.joined(separator: "\n") + "\n"
    }
}
