import ArgumentParser
import Cryptography
import Fleet
import Foundation
import JSONDocument
import Quantities
import Scenarios

/// `fairlead scenario`: given courses of delay variation, and how a law answers them.
struct ScenarioCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scenario", abstract: "Run a law through given courses of delay variation and write reports.",
        subcommands: [ScenarioRunCommand.self])
}

struct ScenarioRunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run scenarios and write data, reports and a manifest.",
        discussion: """
            Writes data/NAME.json, data/NAME.csv, results/NAME.md and results/NAME.svg per
            scenario, SUMMARY.md, INDEX.md, and manifest.json with the SHA-256 of each.
            Equal scenarios, law and seed give equal bytes on every machine. The verdicts
            are computed from what the loop did; a bad one is a result, not a failure of
            the command.

            Examples:
              fairlead scenario run --all --out /tmp/scenarios
              fairlead scenario run oscillation --law fixed-step@1 --out /tmp/oscillation
              fairlead scenario run --all --set deadbandHigh=1.4 --seed 7 --out /tmp/wide
            """)

    @Argument(help: "The scenarios to run, by name.")
    var names: [String] = []

    @Flag(help: "Run every scenario of the directory.")
    var all = false

    @Option(help: "Where the scenarios' files are: a directory, or a file.")
    var from = "clusters/scenarios"

    @Option(help: ArgumentHelp("Write the files below this directory; it is made where there is none.", valueName: "directory"))
    var out: String

    @Option(help: "The law that answers.")
    var law = "plateau@1"

    @Option(help: ArgumentHelp("A parameter of the law; may be given again.", valueName: "key=value"))
    var set: [String] = []

    @Option(help: "The seed of the noise.")
    var seed: UInt64 = 1

    @Option(name: .shortAndLong, help: "How to print the result: table or json.")
    var output: Output = .table
    enum Output: String, ExpressibleByArgument, CaseIterable {
        case table, json
    }

    func validate() throws {
        if all != names.isEmpty { throw ValidationError("name the scenarios to run, or give --all") }
        _ = try LawSettings.parse(set)
    }

    func run() throws {
        guard FileManager.default.fileExists(atPath: from) else {
            say("there are no scenarios at \(from); name their directory, or a file, with --from (in a checkout of the sources: clusters/scenarios)")
            throw FairleadExit.unavailable
        }
        let (found, problems) = try PlantFiles.load([from]) { Scenario.read($0) }
        for problem in problems { say(problem.description) }
        guard problems.isEmpty else { throw FairleadExit.different }
        for name in names where !found.contains(where: { $0.name == name }) {
            say("there is no scenario '\(name)'; \(from) has \(found.map(\.name).joined(separator: ", "))")
            throw FairleadExit.usage
        }
        let chosen = all ? found : found.filter { names.contains($0.name) }
        let files: ScenarioFiles
        do {
            files = try ScenarioFiles(chosen, law: law, parameters: LawSettings.parse(set), seed: seed, hash: .libcrypto)
        } catch {
            say("\(error)")
            throw FairleadExit.usage
        }
        try write(files)
        switch output {
        case .json: print(json(files).indentedText)
        case .table: print(table(files), terminator: "")
        }
    }

    private func write(_ files: ScenarioFiles) throws {
        do {
            for file in files.files {
                let path = "\(out)/\(file.path)"
                let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
                try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
                try Data(file.text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
            }
        } catch {
            say("cannot write below \(out): \(ScenarioRunCommand.reason(error)); name another directory with --out")
            throw FairleadExit.unavailable
        }
    }

    /// What the system said, in its own words: Foundation's speak of its own types.
    private static func reason(_ error: any Error) -> String {
        var error = error as NSError
        while let deeper = error.userInfo[NSUnderlyingErrorKey] as? NSError { error = deeper }
        return error.domain == NSPOSIXErrorDomain ? unsafe String(cString: strerror(Int32(error.code))) : error.localizedDescription
    }

    private func json(_ files: ScenarioFiles) -> JSONValue {
        [
            "out": .string(out), "law": .string(law), "seed": .string(String(seed)), "files": .integer(files.files.count),
            "scenarios": .array(files.runs.map { run in
                [
                    "name": .string(run.scenario.name), "verdict": .string(run.verdict.rawValue), "passed": .bool(run.verdict.isGood),
                    "patches": .integer(run.patches), "steps": .integer(run.steps.count), "steps_at_floor": .integer(run.stepsAtFloor),
                    "rate_mean_bits_per_second": .integer(run.meanRate.bitsPerSecond),
                ]
            }),
        ]
    }

    private func table(_ files: ScenarioFiles) -> String {
        var text = TextTable([
            .init("SCENARIO"), .init("VERDICT"), .init("MEAN RATE", .right), .init("PATCHES", .right), .init("AT FLOOR", .right),
        ])
        for run in files.runs {
            text.add([
                run.scenario.name, run.verdict.rawValue, run.meanRate.readable, "\(run.patches)/\(run.steps.count)", "\(run.stepsAtFloor)",
            ])
        }
        return text.text()
    }
}
