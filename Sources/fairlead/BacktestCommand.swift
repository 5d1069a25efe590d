import ArgumentParser
import ControlLaw
import Events
import JSONDocument
import LawHistory
import Quantities
import ReadModel

/// `fairlead backtest`: what another law would have answered to what was recorded.
struct BacktestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backtest",
        abstract: "Run a law over recorded history and print where, and how often, it would have decided otherwise.",
        discussion: """
            Each recorded decision's input is given to the law, which carries its own
            state from tick to tick. Two rows per loop: the law that decided, and the one
            tried. EXCESSES are stretches of ticks above the bound; MISSED those without a
            brake within a tick; FALSE brakes came while the flow was within its target,
            and no excess followed within two ticks. Where a cluster only observed,
            intentions are compared.

            \(LawBacktest.limit)

            Examples:
              fairlead backtest --law predictive@1 --since 7d
              fairlead backtest --law plateau@1 --set deadbandHigh=1.4 --since 24h --cluster plant-a -o json

            Exit codes: 0 done, 2 nothing was recorded in that time or the log cannot be
            read, 64 wrong usage.
            """)

    @Option(help: "The law to try.")
    var law: String

    @Option(help: ArgumentHelp("A parameter of the law; may be given again.", valueName: "key=value"))
    var set: [String] = []

    @Option(help: ArgumentHelp("From when on: 7d, 12h or 30m ago, a day (UTC), or an instant.", valueName: "when"))
    var since: HistoryInstant

    @Option(help: ArgumentHelp("Up to when. Default: now.", valueName: "when"))
    var until: HistoryInstant?

    @Option(help: "Only this cluster.")
    var cluster: String?

    @OptionGroup var options: ReadOptions

    func validate() throws { _ = try chosenLaw() }

    private func chosenLaw() throws -> Law {
        let given = try LawSettings.parse(set)
        do { return try Law(name: law, parameters: given) } catch { throw ValidationError("\(error)") }
    }

    func run() async throws {
        let law = try chosenLaw()
        try await options.read { log, environment in
            let now = environment.now()
            let stretch = HistoryStretch(
                cluster: cluster.map { ClusterID($0) }, from: since.instant(before: now), to: until?.instant(before: now) ?? now)
            var backtest = LawBacktest(law)
            try await log.history(stretch) { backtest.fold($0) }
            guard !backtest.loops.isEmpty else {
                environment.say("fairlead: no decision\(cluster.map { " of \($0)" } ?? "") is on the log between \(stretch.from) and \(stretch.to).")
                throw FairleadExit.unavailable
            }
            switch options.output {
            case .json: environment.write(backtest.json.indentedText + "\n")
            case .table: environment.write(BacktestCommand.text(backtest))
            }
        }
    }

    static func text(_ backtest: LawBacktest) -> String {
        var table = TextTable([
            .init("STREAM"), .init("LINK"), .init("LAW"), .init("DECISIONS", .right), .init("ALIKE", .right), .init("ABOVE TARGET", .right),
            .init("ABOVE BOUND", .right), .init("EXCESSES", .right), .init("BRAKES", .right), .init("MISSED", .right), .init("FALSE", .right),
            .init("MEAN DESIRED", .right), .init("PATCHES", .right), .init("REVERSALS", .right),
        ])
        let loops = backtest.loops.sorted { $0.key < $1.key }
        for (loop, tally) in loops {
            table.add(
                [loop.stream.text, loop.link.text, tally.recordedLaw, "\(tally.decisions)", "", "\(tally.aboveTarget)", "\(tally.aboveBound)"]
                    + cells(tally.recorded))
            let alike = "\(decimal(tally.alikeRatio * 100, fractionDigits: 1)) %"
            table.add(["", "", "\(backtest.law.name) (tried)", "", alike, "", ""] + cells(tally.tried))
        }
        var lines = [table.text()]
        for (loop, tally) in loops {
            guard let first = tally.firstDivergence else { continue }
            lines.append("first otherwise on \(loop.link) at \(first.position), \(first.at):\n  recorded  \(first.recorded)\n  tried     \(first.tried)\n")
        }
        if backtest.unnamedRows > 0 { lines.append("\(backtest.unnamedRows) decisions could not be used: their roster is not on the log.\n") }
        lines.append(LawBacktest.limit + "\n")
        return lines.joined()
    }

    private static func cells(_ course: LawCourse) -> [String] {
        [
            "\(course.excesses)", "\(course.brakes)", "\(course.missed)", "\(course.falseBrakes)", course.meanDesired?.readable ?? "none",
            "\(course.patches)", "\(course.reversals)",
        ]
    }
}
