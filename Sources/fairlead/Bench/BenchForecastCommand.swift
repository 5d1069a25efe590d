import ArgumentParser
import ControlLaw
import Cryptography
import Glibc
import JSONDocument
import Plants
import Quantities
import Scenarios

/// `fairlead bench forecast`: whether the predictor sees anything coming.
struct BenchForecastCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forecast",
        abstract: "Hold the predictor against two dumb forecasts and against plateau@1: spikes foreseen, false brakes, violation, rate given up.",
        discussion: """
            The forecasts: learned (the predictor's), persistence (what is, stays), trend
            (a straight line through the newest two). The first four numbers are open
            loop: predictive@1 reads runs of plateau@1 and acts on nothing, so that every
            forecast meets the same spikes; FORESEEN is one that a brake would have come
            before, by at most two ticks. The others are closed loop: predictive@1 runs
            the plant, violation is per seed, and GIVEN UP is against plateau@1's rate.

            Examples:
              fairlead bench forecast --plant clusters/plants/stepped.yaml --seeds 101..120
              fairlead bench forecast --ahead 1 --ahead 2 --seeds 101..120 -o markdown
            """)

    @Option(help: ArgumentHelp("A plant's file, or a directory of them; may be given again.", valueName: "file"))
    var plant: [String] = ["clusters/plants"]

    @Option(help: ArgumentHelp("Ticks ahead; may be given again.", valueName: "ticks"))
    var ahead: [Int] = [1]

    @Option(help: ArgumentHelp("The seeds to run, each a run of its own.", valueName: "A..B"))
    var seeds: SeedRange = SeedRange(range: 1...2)

    @Option(name: .shortAndLong, help: "How to print the result: table, json or markdown.")
    var output: BenchLawsCommand.Output = .table

    func validate() throws {
        for ticks in ahead where !(1...DelayForecaster.mostAhead).contains(ticks) {
            throw ValidationError("--ahead \(ticks): the forecaster looks 1 to \(DelayForecaster.mostAhead) ticks ahead")
        }
    }

    func run() async throws {
        let plants = try PlantFiles.read(plant)
        let table = try await reportingFailures {
            try await ForecastTable.measure(
                plants, ahead: ahead, seeds: seeds.range, hash: .libcrypto, width: max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
            ) { one in
                if isatty(STDERR_FILENO) == 1 { say("\(one.plant) \(one.forecast)") }
            }
        }
        switch output {
        case .json: print(table.json.indentedText)
        case .markdown: print(table.markdown, terminator: "")
        case .table:
            var text = TextTable(ForecastTable.columns.enumerated().map { TextTable.Column($1, $0 < 2 ? .left : .right) })
            for one in table.cases { text.add(ForecastTable.cells(one)) }
            print(text.text(), terminator: "")
        }
    }
}
