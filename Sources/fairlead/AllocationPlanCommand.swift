import Adapters
import Allocation
import ArgumentParser
import ConfigurationFiles
import Coordination
import Cryptography
import EventStore
import Events
import Explanation
import Fleet
import JSONDocument
import PostgreSQL
import Quantities
import ReadModel

/// What a plan is asked for, the same for `plan` and `apply`.
struct PlanOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The fleet's files, as serve reads them: a directory or a file. Repeat for more.", valueName: "path"))
    var config: [String]

    @Option(help: ArgumentHelp("The database of the event log. Default: the PG* environment variables.", valueName: "connection-string"))
    var database: String?

    @Option(name: .customLong("set"), help: ArgumentHelp("Take a link to carry this, at most what is configured; may stand several times.", valueName: "link.id=rate"))
    var settings: [CapacitySetting] = []

    @Option(name: .customLong("cut"), help: ArgumentHelp("Take a link to carry nothing; may stand several times.", valueName: "link"))
    var cuts: [String] = []

    @Option(name: .customLong("end"), help: ArgumentHelp("Take a person's word on this link to be ended; may stand several times.", valueName: "link"))
    var ends: [String] = []

    func validate() throws {
        if let budget = settings.first(where: { $0.kind != .link }) {
            throw ValidationError("--set \(budget.kind.rawValue).\(budget.id): a fleet has links only; write link.ID=RATE")
        }
        let named = changes.map(\.link)
        if let twice = named.first(where: { link in named.count { $0 == link } > 1 }) {
            throw ValidationError("the link '\(twice)' is changed twice; say once what it should carry")
        }
    }

    var changes: [AllocationForecast.Change] {
        settings.map { .init(link: LinkID($0.id), capacity: $0.capacity) } + cuts.map { .init(link: LinkID($0), capacity: .zero) }
            + ends.map { .init(link: LinkID($0), capacity: nil) }
    }

    /// The same as they would be typed.
    var words: String {
        (settings.map { "--set link.\($0.id)=\($0.capacity)" } + cuts.map { "--cut \($0)" } + ends.map { "--end \($0)" }).joined(separator: " ")
    }
}

/// A forecast of the running fleet, and the hash of what it rests on.
struct FleetPlan {
    let forecast: AllocationForecast
    let hash: String

    /// Folds the newest part of the log and asks the coordinator's planner. What stands in the way is said, and ends with its exit code.
    static func make(_ options: PlanOptions, _ connection: PostgresConnection) async throws -> FleetPlan {
        let (read, problems) = try FleetFiles.read(options.config)
        guard let fleet = read else {
            for problem in problems { say(problem.description) }
            throw FairleadExit.different
        }
        try await DatabaseSchema(connection).requireCompatible()
        let stretch = try await RecentLogReader(connection).read(clusters: fleet.clusters.count)
        // Ages are counted back from now by the log's own clock.
        let now = MonotonicTime(nanoseconds: 0)
        var state = FleetState(at: FleetPlace(stretch.place))
        for record in stretch.records { state.fold(record, now: now + (record.receivedAt - stretch.logTime)) }
        let newest = try await PostgresReadModel(connection).newestAllocation()?.allocation
        let believed = Dictionary(uniqueKeysWithValues: fleet.links.map { link in
            (link.id, state.estimates[link.id]?.effective ?? newest?.links.first { $0.link == link.id }?.effective ?? link.capacity)
        })
        let configuration = fleet.hash(.libcrypto)
        do {
            guard let forecast = try AllocationForecast(
                fleet, configuration: configuration, state: state, believed: believed, changes: options.changes, now: now)
            else {
                say("nobody can be granted anything: no cluster that enforces, with a hub, is heard. See fairlead status.")
                throw FairleadExit.unavailable
            }
            return FleetPlan(forecast: forecast, hash: HashFunction.libcrypto.digest(Array(forecast.inputs.utf8)).description)
        } catch let unknown as AllocationForecast.UnknownLink {
            say("there is no link '\(unknown.link)'; the fleet has \(fleet.links.map(\.id.text).joined(separator: ", "))")
            throw FairleadExit.unavailable
        }
    }
}

/// `fairlead allocation plan`: what would become of the shares.
struct AllocationPlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Say what would become of every share if links carried something else: who loses, who gains, and why.",
        discussion: """
            Folds the newest part of the log and asks the planner that the coordinator uses. Nothing is written. The plan's hash covers the
            files, what each link is believed to carry, persons' words in force, which clusters are granted anything, and the changes;
            it does not move with what workloads use from tick to tick.

            Examples:
              fairlead allocation plan --config clusters/ --set link.wan=400M
              fairlead allocation plan --config clusters/ --cut wan-a --cut wan-b -o json

            Exit codes: 0 no share would move, 1 shares would move (or the files are wrong), 2 it cannot be told, 64 wrong usage.
            """)

    @OptionGroup var plan: PlanOptions

    @Option(name: .shortAndLong, help: "How to print the result: table or json.")
    var output: ReadOptions.Output = .table

    func run() async throws {
        let made = try await reportingFailures { try await FleetPlan.make(plan, PostgresConnection(.fairlead(plan.database))) }
        let report = PlanReport(made, words: plan.words)
        print(output == .json ? report.json.indentedText + "\n" : report.table, terminator: "")
        if made.forecast.rows.contains(where: { !$0.isSame }) { throw FairleadExit.different }
    }
}

/// A plan as people read it.
struct PlanReport {
    private let forecast: AllocationForecast
    private let hash: String
    private let words: String

    init(_ plan: FleetPlan, words: String) {
        (forecast, hash) = (plan.forecast, plan.hash)
        self.words = words
    }

    /// Who loses or gains what, and why: a clause, empty where nothing moves.
    private func why(_ row: AllocationForecast.Row) -> String {
        guard !row.isSame else { return "" }
        let binding = ["ceiling", "use"].contains(row.binding) ? "its own \(row.binding)" : row.binding
        if let link = forecast.links.first(where: { "link \($0.link)" == row.binding && $0.now != $0.then }) {
            return "\(link.link) would carry \(link.then.readable) instead of \(link.now.readable)"
        }
        return row.then < row.now ? "\(binding) binds it then" : "it gets what others leave, until \(binding) binds"
    }

    var table: String {
        var table = TextTable([
            .init("CLUSTER"), .init("WORKLOAD"), .init("NOW", .right), .init("THEN", .right), .init("DIFFERENCE", .right), .init("BOUND BY"), .init("WHY"),
        ])
        for row in forecast.rows {
            let difference =
                row.isSame ? "none" : row.then < row.now ? "-\(row.now.minus(row.then).readable)" : "+\(row.then.minus(row.now).readable)"
            table.add([row.cluster.text, row.workload.text, row.now.readable, row.then.readable, difference, row.binding, why(row)])
        }
        let losers = forecast.rows.count { $0.then < $0.now }
        let gainers = forecast.rows.count { $0.then > $0.now }
        var text = table.text() + "\n" + (losers + gainers == 0 ? "no share would move\n" : "\(losers) would lose, \(gainers) would gain\n")
        if !forecast.isFeasible {
            text += "the floors would not fit: \(forecast.shortfalls.joined(separator: "; ")); no site goes below its floors, so there would be more than fits\n"
        }
        text += "plan \(hash)\n"
        if !words.isEmpty { text += "to say so: fairlead allocation apply --plan \(hash) \(words) --actor NAME --reason TEXT\n" }
        return text
    }

    var json: JSONValue {
        [
            "plan": .string(hash), "same": .bool(forecast.rows.allSatisfy(\.isSame)), "is_feasible": .bool(forecast.isFeasible),
            "shortfalls": .array(forecast.shortfalls.map { .string($0) }),
            "links": .array(forecast.links.map { link in
                ["link": .string(link.link.text), "now_bits_per_second": .bitsPerSecond(link.now), "then_bits_per_second": .bitsPerSecond(link.then)]
            }),
            "shares": .array(forecast.rows.map { row in
                [
                    "cluster": .string(row.cluster.text), "workload": .string(row.workload.text), "now_bits_per_second": .bitsPerSecond(row.now),
                    "then_bits_per_second": .bitsPerSecond(row.then), "difference_bits_per_second": .integer(row.then.bitsPerSecond - row.now.bitsPerSecond),
                    "binding": .string(row.binding), "next": .optional(row.next), "why": .string(why(row)),
                ]
            }),
        ]
    }
}
