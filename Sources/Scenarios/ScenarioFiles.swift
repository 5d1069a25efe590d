import ControlLaw
import JSONDocument
public import Quantities

/// All files of a run of several scenarios, as bytes: equal scenarios, law and seed give equal files on every machine.
public struct ScenarioFiles: Sendable {
    /// By path below the output directory, in order.
    public let files: [(path: String, text: String)]
    public let runs: [ScenarioRun]

    /// Throws where the law's parameters cannot be read.
    public init(_ scenarios: [Scenario], law name: String, parameters: [String: String], seed: UInt64, hash: HashFunction) throws {
        let law = try Law(name: name, parameters: parameters)
        let ancestral = try Law(name: "fixed-step@1")
        var files: [(path: String, text: String)] = []
        var reports: [ScenarioReport] = []
        for scenario in scenarios {
            let report = ScenarioReport(
                run: ScenarioRun(scenario, under: law, seed: seed), ancestral: ScenarioRun(scenario, under: ancestral, seed: seed))
            reports.append(report)
            files.append(("data/\(scenario.name).json", report.json))
            files.append(("data/\(scenario.name).csv", report.csv))
            files.append(("results/\(scenario.name).md", report.markdown))
            files.append(("results/\(scenario.name).svg", report.svg))
        }
        runs = reports.map(\.run)
        files.append(("SUMMARY.md", ScenarioFiles.summary(reports)))
        files.append(("INDEX.md", ScenarioFiles.index(reports)))
        let manifest = ScenarioFiles.manifest(files, runs: runs, law: law, seed: seed, hash: hash)
        files.append(("manifest.json", manifest.indentedText + "\n"))
        self.files = files
    }

    private static func summary(_ reports: [ScenarioReport]) -> String {
        guard let law = reports.first?.run.law else { return "# Scenarios\n\nNone.\n" }
        var lines = [
            "# Scenarios under `\(law.name)`", "",
            "| scenario | verdict | mean rate | patches | reversals | above bound | at floor | `fixed-step@1` | the ancestor said |",
            "|---|---|---:|---:|---:|---:|---:|---|---|",
        ]
        for report in reports {
            let run = report.run
            lines.append(
                "| [\(run.scenario.title)](results/\(run.scenario.name).md) | \(run.verdict.rawValue) | \(run.meanRate.readable) | \(run.patches)/\(run.steps.count) "
                    + "| \(run.reversals) | \(run.stepsAboveBound) | \(run.stepsAtFloor) | \(report.ancestral.verdict.rawValue) | \(run.scenario.ancestor.verdict) |")
        }
        let good = reports.count { $0.run.verdict.isGood }
        lines += ["", "\(good) of \(reports.count) verdicts are good ones. How a verdict is decided, the worst that is true first:", ""]
        lines += ScenarioRun.Verdict.allCases.map { "- *\($0.rawValue)*\($0.isGood ? "" : " (bad)"): \($0.rule)" }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func index(_ reports: [ScenarioReport]) -> String {
        var lines = ["# Index", "", "- [Summary](SUMMARY.md)", "- [Manifest: counts and SHA-256 of every file](manifest.json)", ""]
        for report in reports {
            let name = report.run.scenario.name
            lines.append(
                "- \(report.run.scenario.title): [report](results/\(name).md), [picture](results/\(name).svg), [JSON](data/\(name).json), [CSV](data/\(name).csv)")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func manifest(
        _ files: [(path: String, text: String)], runs: [ScenarioRun], law: Law, seed: UInt64, hash: HashFunction
    ) -> JSONValue {
        [
            "law": .string(law.name), "parameters": .string(law.parameters), "seed": .string(String(seed)),
            "scenarios": .integer(runs.count), "steps": .integer(runs.reduce(0) { $0 + $1.steps.count }), "files": .integer(files.count),
            "sha256": .array(files.sorted { $0.path < $1.path }.map { file in
                let bytes = Array(file.text.utf8)
                return ["path": .string(file.path), "bytes": .integer(bytes.count), "sha256": .string(hash.digest(bytes).description)]
            }),
        ]
    }
}
