import ControlLaw
import Cryptography
import Events
import Foundation
import JSONDocument
import Quantities
import Scenarios
import Testing

// Aim: the six scenarios are what they say, and their files verify. Method: the shipped YAML; the ancestor's own figures as golden
// vectors of `fixed-step@1`.
@Suite struct ScenarioTests {
    static func shipped() throws -> [Scenario] {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("clusters/scenarios")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".yaml") }.sorted()
        return try names.flatMap { name in
            let (scenarios, problems) = Scenario.read((name: name, text: try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)))
            #expect(problems.isEmpty, "\(problems)")
            return scenarios
        }
    }
    private func run(_ name: String, _ law: String = "fixed-step@1", seed: UInt64 = 1) throws -> ScenarioRun {
        ScenarioRun(try #require(try ScenarioTests.shipped().first { $0.name == name }), under: try Law(name: law), seed: seed)
    }

    @Test func `there are six, of sixty steps of five seconds`() throws {
        let scenarios = try ScenarioTests.shipped()
        #expect(scenarios.map(\.name) == ["degradation", "jitter-spike", "normal-operation", "oscillation", "recovery", "sustained-high-load"])
        #expect(scenarios.allSatisfy { $0.steps == 60 && $0.tick == .seconds(5) })
    }

    @Test(arguments: [1, 2, 77] as [UInt64]) func `the courses keep to the printed ranges, whatever the seed`(_ seed: UInt64) throws {
        let printed: [String: (Double, Double)] = [
            "degradation": (0.44, 5), "jitter-spike": (0.46, 3), "normal-operation": (0.30, 0.38), "oscillation": (1.0, 1.70),
            "recovery": (0.45, 5), "sustained-high-load": (1.0, 5.70),
        ]
        for scenario in try ScenarioTests.shipped() {
            let delays = scenario.delays(seed: seed).map(\.milliseconds)
            let (low, high) = try #require(printed[scenario.name])
            #expect(delays.allSatisfy { $0 >= low - 1e-9 && $0 <= high + 1e-9 })
            #expect(delays.max()! - delays.min()! > (high - low) * 0.8)
        }
    }

    @Test(arguments: [1, 2, 77] as [UInt64]) func `fixed steps in normal operation: 110 to 700, mean 405, 60 of 60 patches`(_ seed: UInt64) throws {
        let run = try run("normal-operation", seed: seed)
        #expect(run.steps.map(\.rate) == (1...60).map { BitRate.megabits(100 + 10 * $0) })
        #expect(run.meanRate == .megabits(405) && run.patches == 60)
    }

    @Test(arguments: [1, 2, 77] as [UInt64]) func `fixed steps under sustained load: 8 of 60 patches and 52 steps at the floor`(_ seed: UInt64) throws {
        let run = try run("sustained-high-load", seed: seed)
        #expect(run.steps.prefix(9).map(\.rate) == [400, 350, 300, 250, 200, 150, 100, 50, 10].map(BitRate.megabits))
        #expect(run.patches == 8 && run.stepsAtFloor == 52)
        #expect(run.verdict == .saturatedAtFloor && !run.verdict.isGood)
    }

    @Test func `oscillation under fixed steps is saturation at the floor, and under plateau it is not`() throws {
        #expect(try run("oscillation").verdict == .saturatedAtFloor)
        #expect(try run("oscillation").stepsAtFloor > 45)
        #expect(try run("oscillation", "plateau@1").stepsAtFloor == 0)
    }

    @Test func `a spike is braked in its own step under plateau`() throws {
        let run = try run("jitter-spike", "plateau@1")
        let spike = try #require(run.steps.firstIndex { $0.delay > run.scenario.bound })
        #expect(run.steps[spike].outcome.action == .decrease)
    }

    @Test func `the files are complete, equal for equal seeds, and the manifest's hashes are theirs`() throws {
        func files(_ seed: UInt64) throws -> ScenarioFiles {
            try ScenarioFiles(try ScenarioTests.shipped(), law: "plateau@1", parameters: [:], seed: seed, hash: .libcrypto)
        }
        let first = try files(1)
        #expect(first.files.count == 6 * 4 + 3)
        #expect(try files(1).files.map(\.text) == first.files.map(\.text))
        #expect(try files(2).files.map(\.text) != first.files.map(\.text))
        let manifest = try JSONValue(parsing: Array(first.files.last!.text.utf8))
        let entries = try #require(manifest["sha256"]?.array)
        #expect(entries.count == 26 && manifest["files"]?.integer == 26 && manifest["scenarios"]?.integer == 6 && manifest["steps"]?.integer == 360)
        for entry in entries {
            let file = try #require(first.files.first { $0.path == entry["path"]?.string })
            #expect(HashFunction.libcrypto.digest(Array(file.text.utf8)).description == entry["sha256"]?.string)
        }
    }

    @Test func `the verdicts tell the laws apart`() throws {
        var seen: Set<String> = []
        for scenario in try ScenarioTests.shipped() {
            for law in Law.names { seen.insert(ScenarioRun(scenario, under: try Law(name: law), seed: 1).verdict.rawValue) }
        }
        #expect(seen.count >= 4)
    }
}
