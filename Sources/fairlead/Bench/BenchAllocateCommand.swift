import Allocation
import ArgumentParser
import JSONDocument

/// `fairlead bench allocate`: how fast shares are found, beside the least that any way of finding them must do.
struct BenchAllocateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "allocate",
        abstract: "Measure the allocator on a 64-cluster mesh and on real networks.",
        discussion: """
            Seeded instances with three tiers, bounds, weights and budgets. Every time is
            a median of this thread's processor time in microseconds. solve_us is the
            whole way from a laid-out instance to the answer, its certificate checked;
            certify_us is that check alone. Beside them stand, from the same run, one read
            of the input and one addition per path entry (the scatter floor).
            incremental_us is the median of seeded changes of all kinds.

            Examples:
              fairlead bench allocate
              fairlead bench allocate --sizes 10000,100000 -o json

            Exit codes: 0 measured, 64 wrong usage.
            """)

    enum Output: String, ExpressibleByArgument, CaseIterable { case table, json }

    @Option(name: .shortAndLong, help: "How to print the result: table or json.")
    var output: Output = .table

    @Option(help: ArgumentHelp("Numbers of demands on the mesh, with commas between.", valueName: "list"))
    var sizes = "100,1000,10000,100000,1000000"

    @Option(help: ArgumentHelp("Numbers of demands on the real networks.", valueName: "list"))
    var zooSizes = "10000,100000"

    @Option(help: "How many changes to measure on each instance of at most 10000 demands.")
    var changes = 1_000

    @Option(help: "The seed of the instances.")
    var seed: UInt64 = 1

    func validate() throws {
        guard changes >= 0 else { throw ValidationError("--changes is a number, 0 or above") }
        for list in [sizes, zooSizes] where BenchAllocateCommand.numbers(list) == nil {
            throw ValidationError("'\(list)' is no list of numbers of demands, 1 to \(AllocationInstance.maximumDemandCount); write such as 100,1000")
        }
    }

    /// An empty list is none at all.
    static func numbers(_ list: String) -> [Int]? {
        let parts = list.split(separator: ",")
        let numbers = parts.compactMap { Int($0) }.filter { (1...AllocationInstance.maximumDemandCount).contains($0) }
        return numbers.count == parts.count ? numbers : nil
    }

    func run() throws {
        var cases: [AllocateMeasurement] = []
        for size in BenchAllocateCommand.numbers(sizes) ?? [] { cases.append(measured(.mesh(demands: size, seed: seed))) }
        for topology in BenchTopology.all {
            for size in BenchAllocateCommand.numbers(zooSizes) ?? [] { cases.append(measured(.zoo(topology, demands: size, seed: seed))) }
        }
        switch output {
        case .json: print((["seed": .integer(Int64(seed)), "cases": .array(cases.map(\.json))] as JSONValue).indentedText)
        case .table: print(BenchAllocateCommand.table(cases), terminator: "")
        }
    }

    private func measured(_ input: BenchInstance) -> AllocateMeasurement {
        AllocateMeasurement.of(input, changes: input.demands.count <= 10_000 ? changes : 0)
    }

    private static func table(_ cases: [AllocateMeasurement]) -> String {
        var table = TextTable([
            .init("INSTANCE"), .init("DEMANDS", .right), .init("ENTRIES", .right), .init("SOLVE µs", .right), .init("CERTIFY µs", .right),
            .init("CHANGE µs", .right), .init("P99 µs", .right), .init("SCATTER µs", .right), .init("RATIO", .right),
        ])
        func text(_ value: Double) -> String { "\(Double(Int(value * 10 + 0.5)) / 10)" }
        for row in cases {
            table.add([
                row.instance, "\(row.demands)", "\(row.pathEntries)", text(row.solve), text(row.certify),
                row.incremental.map { text($0.median) } ?? "–", row.incremental.map { text($0.p99) } ?? "–", text(row.scatterFloor),
                text(row.ratio),
            ])
        }
        return table.text(headers: true)
    }
}
