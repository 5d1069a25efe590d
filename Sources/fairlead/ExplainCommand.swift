import ArgumentParser
import Events
import Explanation
import JSONDocument
import Quantities
import ReadModel

/// `fairlead explain`: why something is as it is.
struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Say why: a decision of a loop, the shares of the newest allocation, or an alert.",
        subcommands: [ExplainDecisionCommand.self, ExplainAllocationCommand.self, ExplainAlertCommand.self])
}

/// `fairlead explain decision ID`: one decision in at most twelve lines, the same as on its page.
struct ExplainDecisionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decision",
        abstract: "Explain one decision in at most twelve lines: inputs, law, thresholds, stages, reason, counterfactual.",
        discussion: """
            A decision's id is its place on the log, stream/sequence. Events, annotations,
            pages and alerts carry it.

            Examples:
              fairlead explain decision plant-a/4f21c09a/118
              fairlead explain decision plant-a/4f21c09a/118 -o json

            Exit codes: 0 explained, 2 no decision stands there or the log cannot be read,
            64 wrong usage.
            """)

    @Argument(help: ArgumentHelp("The decision's place on the log, such as plant-a/4f21c09a/118.", valueName: "id"))
    var id: String

    @OptionGroup var options: ReadOptions

    func validate() throws {
        guard LogPosition(parsing: id) != nil else {
            throw ValidationError("'\(plainLine(id, limit: 80))' is no decision's id; write stream/sequence, such as plant-a/4f21c09a/118")
        }
    }

    func run() async throws {
        guard let position = LogPosition(parsing: id) else { preconditionFailure("validated before the run") }
        try await options.read { log, environment in
            guard let record = try await log.decision(at: position) else {
                environment.say("fairlead: no decision stands at \(plainLine(position.description, limit: 80)). `fairlead status -o json` names the newest ones.")
                throw FairleadExit.unavailable
            }
            let explanation = DecisionExplanation(
                position: record.position, tick: record.tick, roster: record.roster, settled: record.settled, now: environment.now())
            switch options.output {
            case .json: environment.write(explanation.json.indentedText + "\n")
            case .table: environment.write(explanation.lines.map { $0 + "\n" }.joined())
            }
        }
    }
}

/// `fairlead explain allocation`: every share of the newest allocation, with what binds it.
struct ExplainAllocationCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "allocation",
        abstract: "Explain the shares of the newest allocation: what binds each, what is next, and who would lose if it gained.",
        discussion: """
            Examples:
              fairlead explain allocation
              fairlead explain allocation --cluster plant-a -o json

            Exit codes: 0 explained, 2 no share of that cluster, nothing allocated yet or
            the log cannot be read, 64 wrong usage.
            """)

    @Option(help: "Only the shares of this cluster.")
    var cluster: String?

    @OptionGroup var options: ReadOptions

    func run() async throws {
        try await options.read { log, environment in
            guard let newest = try await log.newestAllocation() else {
                environment.say("fairlead: the coordinator has not decided an allocation yet.")
                throw FairleadExit.unavailable
            }
            let shares = newest.allocation.shares.filter { cluster == nil || $0.cluster.text == cluster }
            if let cluster, shares.isEmpty {
                let known = Set(newest.allocation.shares.map(\.cluster)).sorted().map(\.text)
                let has = known.isEmpty ? "it has none at all" : "it has \(known.joined(separator: ", "))"
                environment.say("fairlead: the newest allocation has no share of the cluster '\(plainLine(cluster, limit: 80))'; \(plainLine(has))")
                throw FairleadExit.unavailable
            }
            let lines = shares.map { ShareExplanation($0, in: newest.allocation).text }
            switch options.output {
            case .json:
                let document: JSONValue = [
                    "position": .string(newest.position.description), "at": .string(newest.at.description),
                    "version": .string(newest.allocation.version.description), "is_feasible": .bool(newest.allocation.isFeasible),
                    "shares": .array(zip(shares, lines).map { share, line in
                        [
                            "cluster": .string(share.cluster.text), "workload": .string(share.workload.text),
                            "share_bits_per_second": .bitsPerSecond(share.share), "granted_bits_per_second": .bitsPerSecond(share.granted),
                            "binding": .string(share.binding), "next": .optional(share.next), "sentence": .string(line),
                        ]
                    }),
                ]
                environment.write(document.indentedText + "\n")
            case .table:
                let age = Age(of: newest.at, at: environment.now()).text
                let verdict = newest.allocation.isFeasible ? "" : "; the floors do not fit"
                environment.write("allocation \(newest.allocation.version) at \(newest.position), decided \(age)\(verdict)\n")
                environment.write(lines.map { $0 + "\n" }.joined())
            }
        }
    }
}
