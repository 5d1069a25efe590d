import ArgumentParser
import Events
import Explanation
import JSONDocument
import Quantities
import ReadModel

/// `fairlead allocation`: who gets how much in the running fleet, and what would become of it.
struct AllocationCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "allocation",
        abstract: "The running fleet's shares: look, ask what would be if a link carried something else, and say so.",
        subcommands: [AllocationGetCommand.self, AllocationPlanCommand.self, AllocationApplyCommand.self, AllocationExplainCommand.self])
}

/// `fairlead allocation get`: the newest allocation.
struct AllocationGetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Show the newest allocation: links, shares, and what binds each.",
        discussion: """
            Examples:
              fairlead allocation get
              fairlead allocation get -o json

            Exit codes: 0 shown, 2 nothing was allocated yet or the log cannot be read, 64
            wrong usage.
            """)

    @OptionGroup var options: ReadOptions

    func run() async throws {
        try await options.read { log, environment in
            let newest = try await AllocationGetCommand.newest(log, environment)
            let floors = Floors(try await log.clusters())
            switch options.output {
            case .json: environment.write(AllocationGetCommand.json(newest, floors).indentedText + "\n")
            case .table: environment.write(AllocationGetCommand.table(newest, floors, now: environment.now()))
            }
        }
    }

    static func newest(_ log: any FleetReadModel, _ environment: ReadEnvironment) async throws -> AllocationOverview {
        if let newest = try await log.newestAllocation() { return newest }
        environment.say("fairlead: the coordinator has not decided an allocation yet.")
        throw FairleadExit.unavailable
    }

    /// The floors as the clusters' newest rosters have them.
    struct Floors {
        private var floors: [ClusterID: [WorkloadID: BitRate]] = [:]
        init(_ clusters: [ClusterOverview]) {
            for cluster in clusters {
                for workload in cluster.roster?.workloads ?? [] { floors[cluster.cluster, default: [:]][workload.id] = workload.floor }
            }
        }
        func share(_ share: AllocationRecord.Share) -> FloorShare { FloorShare(share: share.share, floor: floors[share.cluster]?[share.workload]) }
    }

    private static func table(_ newest: AllocationOverview, _ floors: Floors, now: WallTime) -> String {
        let allocation = newest.allocation
        var links = TextTable([.init("LINK"), .init("CONFIGURED", .right), .init("EFFECTIVE", .right), .init("RESERVED", .right), .init("ALLOCATED", .right)])
        for link in allocation.links {
            links.add([link.link.text, link.configured.readable, link.effective.readable, link.reserved.readable, link.used.readable])
        }
        var shares = TextTable([.init("CLUSTER"), .init("WORKLOAD"), .init("SHARE", .right), .init("GRANTED", .right), .init("BOUND BY"), .init("NEXT")])
        for share in allocation.shares {
            shares.add([
                share.cluster.text, share.workload.text, floors.share(share).text, share.granted.readable, ShareExplanation.words(share.binding),
                share.next.map { ShareExplanation.words($0) } ?? "nothing",
            ])
        }
        let missing = allocation.shares.map { floors.share($0).missing }.reduce(.zero, +)
        let lacks = missing > .zero ? ": \(missing.readable) of them have no room, and the sites stay at them all the same" : ""
        let verdict = allocation.isFeasible ? "" : "; the floors do not fit\(lacks)"
        return "allocation \(allocation.version) at \(newest.position), decided \(Age(of: newest.at, at: now).text)\(verdict)\n\n"
            + links.text() + "\n" + shares.text()
    }

    private static func json(_ newest: AllocationOverview, _ floors: Floors) -> JSONValue {
        let allocation = newest.allocation
        return [
            "position": .string(newest.position.description), "at": .string(newest.at.description),
            "version": .string(allocation.version.description), "is_feasible": .bool(allocation.isFeasible),
            "links": .array(allocation.links.map { link in
                [
                    "link": .string(link.link.text), "configured_bits_per_second": .bitsPerSecond(link.configured),
                    "effective_bits_per_second": .bitsPerSecond(link.effective), "reserved_bits_per_second": .bitsPerSecond(link.reserved),
                    "allocated_bits_per_second": .bitsPerSecond(link.used),
                ]
            }),
            "shares": .array(allocation.shares.map { share in
                [
                    "cluster": .string(share.cluster.text), "workload": .string(share.workload.text),
                    "share_bits_per_second": .bitsPerSecond(share.share), "granted_bits_per_second": .bitsPerSecond(share.granted),
                    "floor_bits_per_second": .bitsPerSecond(floors.share(share).floor), "is_below_floor": .bool(floors.share(share).isBelowFloor),
                    "binding": .string(share.binding), "next": .optional(share.next),
                ]
            }),
        ]
    }
}

/// `fairlead allocation explain WORKLOAD`: one share of the newest allocation.
struct AllocationExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Say why one workload has its share: what binds it, what is next, who would lose if it gained.",
        discussion: """
            Examples:
              fairlead allocation explain plant-a/telemetry-upload
              fairlead allocation explain telemetry-upload   in every cluster that has it

            Exit codes: 0 explained, 2 no share of that name, nothing allocated yet or the
            log cannot be read, 64 wrong usage.
            """)

    @Argument(help: ArgumentHelp("The workload, with its cluster where one is meant.", valueName: "cluster/workload"))
    var workload: String

    @OptionGroup var options: ReadOptions

    func run() async throws {
        try await options.read { log, environment in
            let newest = try await AllocationGetCommand.newest(log, environment)
            let shares = newest.allocation.shares.filter { "\($0.cluster)/\($0.workload)" == workload || $0.workload.text == workload }
            guard !shares.isEmpty else {
                let known = newest.allocation.shares.map { "\($0.cluster)/\($0.workload)" }
                environment.say(
                    "fairlead: the newest allocation has no share of '\(plainLine(workload, limit: 80))'; it has \(plainLine(known.joined(separator: ", ")))")
                throw FairleadExit.unavailable
            }
            let lines = shares.map { ShareExplanation($0, in: newest.allocation).text }
            switch options.output {
            case .json: environment.write(JSONValue.array(lines.map { .string($0) }).indentedText + "\n")
            case .table: environment.write(lines.map { $0 + "\n" }.joined())
            }
        }
    }
}
