import ArgumentParser
import ConfigurationFiles
import ControlLaw
import Cryptography
import Fleet
import Glibc
import JSONDocument
import Plants
import Quantities
import Scenarios

/// `fairlead bench laws`: the laws against the plants.
struct BenchLawsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "laws",
        abstract: "Try the control laws against plants: violation, use of the link, patches.",
        discussion: """
            A plant is a closed loop described in YAML: links with queues, sites that
            send, how late a limit is in force. The loops of production run against it,
            one shipper per site and a coordinator where the plant has a hub. The
            clairvoyant knows at every instant what each link carries; USED is what was
            carried over what the clairvoyant carried. A second violates where its p95 was
            above the bound; the warm-up is counted. Patches and reversals are per site.

            Examples:
              fairlead bench laws --plant clusters/plants/steady.yaml --seeds 1..20
              fairlead bench laws --law plateau@1 --law hardened@1 -o json
              fairlead bench laws --law plateau@1 --set probeTicks=16
            """)

    @Option(help: ArgumentHelp("A plant's file, or a directory of them; may be given again.", valueName: "file"))
    var plant: [String] = ["clusters/plants"]

    @Option(help: ArgumentHelp("The seeds to run, each a run of its own.", valueName: "A..B"))
    var seeds: SeedRange = SeedRange(range: 1...2)

    @Option(help: ArgumentHelp("A law to try; may be given again. Also: fixed-step@1/60s, unmanaged, clairvoyant. Default: all.", valueName: "law"))
    var law: [String] = []

    @Option(help: ArgumentHelp("A parameter of the laws that know it; may be given again.", valueName: "key=value"))
    var set: [String] = []

    @Option(name: .shortAndLong, help: "How to print the result: table, json or markdown.")
    var output: Output = .table
    enum Output: String, ExpressibleByArgument, CaseIterable {
        case table, json, markdown
    }

    func validate() throws { _ = try controllers() }

    func run() async throws {
        let plants = try PlantFiles.read(plant)
        let controllers = try controllers()
        let table = try await reportingFailures {
            try await LawTable.measure(plants, under: controllers, seeds: seeds.range, hash: .libcrypto, width: processorCount()) { one in
                if isatty(STDERR_FILENO) == 1 { say("\(one.plant) \(one.law)") }
            }
        }
        switch output {
        case .json: print(table.json.indentedText)
        case .markdown: print(table.markdown, terminator: "")
        case .table:
            let columns = LawTable.columns.enumerated().map { TextTable.Column($1, $0 < 2 ? .left : .right) }
            var text = TextTable(columns)
            for one in table.cases { text.add(LawTable.cells(one)) }
            print(text.text(), terminator: "")
        }
    }

    private func controllers() throws -> [LawCase] {
        let known = LawTable.controllers
        let chosen = try law.isEmpty ? known : law.map { name in
            guard let found = known.first(where: { $0.label == name }) else {
                throw ValidationError("'\(name)' is no law; use \(known.map(\.label).joined(separator: ", "))")
            }
            return found
        }
        let given = try LawSettings.parse(set)
        return try chosen.map { one in try LawSettings.apply(given, to: one) }
    }

    private func processorCount() -> Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }
}

/// `1..20` on a command line; a single number is a range of one.
struct SeedRange: ExpressibleByArgument {
    let range: ClosedRange<UInt64>
    /// More runs than this are a mistake on the command line.
    private static let most: UInt64 = 100_000

    init(range: ClosedRange<UInt64>) { self.range = range }
    init?(argument: String) {
        let parts = argument.split(separator: ".", omittingEmptySubsequences: true)
        guard (1...2).contains(parts.count), argument == parts.joined(separator: ".."), let first = UInt64(parts[0]), let last = UInt64(parts[parts.count - 1]),
            first <= last, last - first < SeedRange.most
        else { return nil }
        range = first...last
    }
    var defaultValueDescription: String { "\(range.lowerBound)..\(range.upperBound)" }
}

/// `--set key=value` for laws.
enum LawSettings {
    static func parse(_ pairs: [String]) throws -> [String: String] {
        var given: [String: String] = [:]
        for pair in pairs {
            guard let equals = pair.firstIndex(of: "="), equals != pair.startIndex else {
                throw ValidationError("'\(pair)' is no key=value; write --set probeTicks=16")
            }
            given[String(pair[..<equals])] = String(pair[pair.index(after: equals)...])
        }
        return given
    }

    /// A law takes those of the parameters that it knows; each must be known to it, or to no more than another of the laws tried.
    static func apply(_ given: [String: String], to one: LawCase) throws -> LawCase {
        guard !given.isEmpty, case .law(let name, let parameters) = one.controller else { return one }
        do {
            let everywhere = Set(try Law.names.flatMap { name in try Law.parameterHelp(name).map(\.name) })
            for key in given.keys.sorted() where !everywhere.contains(key) { throw ValidationError("no law has a parameter '\(key)'") }
            let known = Set(try Law.parameterHelp(name).map(\.name))
            let taken = parameters.merging(given.filter { known.contains($0.key) }) { $1 }
            _ = try Law(name: name, parameters: taken)
            return LawCase(one.label, .law(name: name, parameters: taken), window: one.window)
        } catch let error as LawError {
            throw ValidationError("\(error)")
        }
    }
}

/// Opens plants' files. What is wrong in them is told on standard error, all of it, and ends the command.
enum PlantFiles {
    static func read(_ paths: [String]) throws -> [PlantDescription] {
        let (plants, problems) = try load(paths) { PlantReader.read($0) }
        for problem in problems { say(problem.description) }
        guard problems.isEmpty else { throw FairleadExit.different }
        return plants
    }

    static func load<Value>(
        _ paths: [String], _ read: ((name: String, text: String)) -> ([Value], [ConfigurationProblem])
    ) throws -> (values: [Value], problems: [ConfigurationProblem]) {
        let files: [(name: String, text: String)]
        do {
            files = try FleetFiles.load(paths)
        } catch {
            say(error.description)
            throw error.code == .notText ? FairleadExit.different : FairleadExit.unavailable
        }
        let read = files.map(read)
        return (read.flatMap(\.0), read.flatMap(\.1))
    }
}
