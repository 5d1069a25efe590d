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

    @Option(name: .customLong("set"), help: ArgumentHelp("Take a link to carry this, at most what is configured; may stand several times.", valueName: "link.id=rate"), transform: CapacitySetting.init(parsing:))
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

    /// The same as they can be typed into a shell: where to look, and what should change. Empty where nothing should.
    var words: String {
        let wanted = settings.map { ["--set", "link.\($0.id)=\($0.capacity)"] } + cuts.map { ["--cut", $0] } + ends.map { ["--end", $0] }
        guard !wanted.isEmpty else { return "" }
        let places = config.map { ["--config", $0] } + (database.map { [["--database", $0]] } ?? [])
        return (places + wanted).flatMap { $0 }.map { shellQuoted($0) }.joined(separator: " ")
    }
}

/// A forecast of the running fleet, and the hash of what it rests on.
struct FleetPlan {
    let forecast: AllocationForecast
    let hash: String
    let fleet: FleetConfiguration

    /// Folds the newest part of the log and asks the coordinator's planner. What stands in the way is said, and ends with its exit code.
    static func make(_ options: PlanOptions, _ connection: PostgresConnection) async throws -> FleetPlan {
        let (read, problems) = try FleetFiles.read(options.config)
        guard let fleet = read else {
            standardError(problems)
            throw FairleadExit.different
        }
        try await DatabaseSchema(connection).requireCompatible()
        let stretch = try await RecentLogReader(connection).read(clusters: fleet.clusters.count)
        // Ages are counted back from now by the log's own clock.
        let now = MonotonicTime(nanoseconds: 0)
        var state = FleetState(at: FleetPlace(stretch.place))
        for record in stretch.records { state.fold(record, now: now + (record.receivedAt - stretch.logTime)) }
        let newest = try await PostgresReadModel(connection).newestAllocation()?.allocation
        let fit = FilesAgainstLog(fleet, clusters: state.clusters.ids, newest: newest)
        if let refusal = fit.refusal {
            say(refusal)
            throw FairleadExit.unavailable
        }
        for warning in fit.warnings { say(warning) }
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
            return FleetPlan(forecast: forecast, hash: HashFunction.libcrypto.digest(Array(forecast.inputs.utf8)).description, fleet: fleet)
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
            Folds the newest part of the log and asks the planner that the coordinator
            uses. Nothing is written. The plan's hash covers the files, what each link is
            believed to carry, persons' words in force, which clusters are granted
            anything, and the changes; it does not move with what workloads use from tick
            to tick.

            Where the floors do not fit, a workload shows the floor at which it will stay,
            and how much of it does not fit. Files of another fleet than the log's are
            refused; where they differ in part, a warning says so.

            Examples:
              fairlead allocation plan --config clusters/ --set link.wan=400M
              fairlead allocation plan --config clusters/ --cut wan-a --cut wan-b -o json

            Exit codes: 0 no share would move, 1 shares would move (or the files are
            wrong), 2 it cannot be told, 64 wrong usage.
            """)

    @OptionGroup var plan: PlanOptions

    @Option(name: .shortAndLong, help: "How to print the result: table or json.")
    var output: ReadOptions.Output = .table

    func run() async throws {
        let made = try await reportingFailures { try await FleetPlan.make(plan, PostgresConnection(.fairlead(plan.database))) }
        let report = PlanReport(made.forecast, hash: made.hash, fleet: made.fleet, words: plan.words)
        print(output == .json ? report.json.indentedText + "\n" : report.table, terminator: "")
        if made.forecast.rows.contains(where: { !$0.isSame }) { throw FairleadExit.different }
    }
}
