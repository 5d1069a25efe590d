import ArgumentParser
import ControlLaw
import Cryptography
import Glibc
import JSONDocument
import Plants
import Quantities
import Scenarios

/// `fairlead tune`: what other parameters would do, on plants.
struct TuneCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tune",
        abstract: "Try values of a law's parameters against plants and print which are worth a thought.",
        discussion: """
            Every combination of the given values runs on every plant and seed. A row is
            marked where no other is at least as good in time above target, mean
            best-effort rate, patches and reversals, and better in one of them.

            Example:
              fairlead tune --plant clusters/plants/stepped.yaml --try probeTicks=8,16,24 --try brake=0.93,0.95
            """)

    @Option(help: "The law.")
    var law = "plateau@1"

    @Option(name: .customLong("try"), help: ArgumentHelp("Values of one parameter; may be given again.", valueName: "key=a,b,c"))
    var tries: [String] = []

    @Option(help: ArgumentHelp("A plant's file, or a directory of them; may be given again.", valueName: "file"))
    var plant: [String] = ["clusters/plants/steady.yaml", "clusters/plants/stepped.yaml"]

    @Option(help: ArgumentHelp("The seeds to run.", valueName: "A..B"))
    var seeds: SeedRange = SeedRange(range: 1...2)

    @Option(name: .shortAndLong, help: "How to print the result: table or json.")
    var output: Output = .table
    enum Output: String, ExpressibleByArgument, CaseIterable {
        case table, json
    }

    func validate() throws { _ = try combinations() }

    func run() async throws {
        let combinations = try combinations()
        let plants = try PlantFiles.read(plant)
        let tuning = try await reportingFailures {
            try await Tuning.measure(
                law: law, combinations: combinations, plants, seeds: seeds.range, hash: .libcrypto,
                width: max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))))
        }
        switch output {
        case .json: print(tuning.json.indentedText)
        case .table:
            var text = TextTable(Tuning.columns.enumerated().map { TextTable.Column($1, $0 < 2 ? .left : .right) })
            for row in tuning.rows { text.add(Tuning.cells(row)) }
            print(text.text(), terminator: "")
        }
    }

    private func combinations() throws -> [[String: String]] {
        let given = try LawSettings.parse(tries).mapValues { $0.split(separator: ",").map(String.init) }
        let combinations = Tuning.combinations(given)
        guard combinations.count <= Tuning.mostCombinations else {
            throw ValidationError("\(combinations.count) combinations are more than \(Tuning.mostCombinations); try fewer values at once")
        }
        do {
            for parameters in combinations { _ = try Law(name: law, parameters: parameters) }
        } catch {
            throw ValidationError("\(error)")
        }
        return combinations
    }
}
