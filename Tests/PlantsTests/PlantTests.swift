import Fleet
import Foundation
import Jitter
import Plants
import Quantities
import Testing

// Aim: a plant is its file and a seed. Method: the shipped files, small plants of the test's own, equal runs.
@Suite struct PlantTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("clusters/plants")

    private func shipped() throws -> [PlantDescription] {
        let names = try FileManager.default.contentsOfDirectory(atPath: PlantTests.folder.path).filter { $0.hasSuffix(".yaml") }.sorted()
        return try names.flatMap { name in
            let text = try String(contentsOf: PlantTests.folder.appendingPathComponent(name), encoding: .utf8)
            let (plants, problems) = PlantReader.read((name: name, text: text))
            #expect(problems.isEmpty, "\(problems)")
            return plants
        }
    }

    @Test func `every shipped file reads, and its name is the plant's`() throws {
        let plants = try shipped()
        #expect(
            plants.map(\.name) == [
                "day-backup-window", "day-diurnal", "day-microbursts", "day-shift-change", "day-slow-leak", "day-wan-cut", "idle-burst", "rerouted",
                "shared-2", "shared-8", "standing-queue", "steady", "stepped", "victim",
            ])
        #expect(plants.first { $0.name == "shared-8" }?.sites.count == 8)
        #expect(plants.first { $0.name == "steady" }?.sites[0].initial == nil)
        #expect(plants.first { $0.name == "stepped" }?.links[0].carries.value(at: .seconds(5_000)) == 200e6)
        #expect(plants.first { $0.name == "stepped" }?.links[0].carries.value(at: .seconds(6_000)) == 120e6)
    }

    @Test func `what is wrong in a file is told with its place, all of it`() {
        let (plants, problems) = PlantReader.read((name: "bad.yaml", text: """
            apiVersion: fairlead.dev/v1alpha1
            kind: Plant
            metadata: {name: bad}
            spec:
              summary: two mistakes
              duration: 2h
              tick: 5
              settle: 1s
              delivery: standalone
              probeInterval: 50ms
              enforcement: {from: 2s, to: 1s}
              target: 1ms
              bound: 1.5ms
              links: [{id: wan, configured: 1G, carries: 200M, queue: 400000}]
              sites: [{id: a, links: [wann], offers: 1G, floor: 10M, ceiling: 1G}]
            """))
        #expect(plants.isEmpty)
        #expect(problems.map(\.line) == [7, 11, 15])
        #expect(problems.last?.message.contains("wan") == true)
    }

    @Test func `equal seeds give equal runs, other seeds others`() throws {
        let plant = try #require(try shipped().first { $0.name == "day-microbursts" })
        func delays(_ seed: UInt64) -> [Nanoseconds] {
            var run = Plant(plant, seed: seed, origin: MonotonicTime(nanoseconds: 0))
            run.advance(to: .seconds(30))
            return run.takeProbes(site: 0).compactMap(\.believedRoundTrip)
        }
        #expect(delays(1) == delays(1))
        #expect(delays(1) != delays(2))
    }

    @Test func `a limit is in force from its instant on and not before`() {
        let link = PlantDescription.Link(id: "wan", configured: .megabits(1000), carries: .always(200e6))
        let site = PlantDescription.Site(id: "a", links: ["wan"], offers: .always(1e10), initial: .megabits(100))
        var plant = Plant(
            PlantDescription(name: "p", summary: "", duration: .seconds(60), links: [link], sites: [site]), seed: 1,
            origin: MonotonicTime(nanoseconds: 0))
        plant.advance(to: .seconds(10))
        plant.setLimit(site: 0, to: .megabits(50), inForceAt: .milliseconds(11_500))
        func carried(to seconds: Int64) -> Double {
            let before = plant.carriedBits(site: 0)
            plant.advance(to: .seconds(seconds))
            return (plant.carriedBits(site: 0) - before) / 1e6
        }
        #expect(abs(carried(to: 11) - 100) < 1)
        #expect(abs(carried(to: 12) - 75) < 1)
        #expect(abs(carried(to: 13) - 50) < 1)
    }

    @Test func `bits are conserved: what is sent is carried, queued or lost`() {
        let link = PlantDescription.Link(id: "wan", configured: .megabits(1000), carries: .always(100e6))
        let site = PlantDescription.Site(id: "a", links: ["wan"], offers: .always(130e6), manner: .datagrams)
        var plant = Plant(
            PlantDescription(name: "p", summary: "", duration: .seconds(60), links: [link], sites: [site]), seed: 1,
            origin: MonotonicTime(nanoseconds: 0))
        plant.advance(to: .seconds(60))
        let sent = Double(plant.bytesSent(site: 0)) * 8
        #expect(abs(sent - 130e6 * 60) < 1e6)
        // 100 Mbit/s went through, and the queue holds at most its 3.2 Mbit.
        #expect(abs(plant.carriedBits(site: 0) - 100e6 * 60) < 4e6)
        #expect(plant.violation(site: 0).violated >= 58)
    }
}
