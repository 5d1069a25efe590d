import Cryptography
import Events
import Foundation
import Plants
import Quantities
import Scenarios
import Testing

// Aim: the loops of production keep their promises against a plant. Method: short plants, the very steps of shipper and
// coordinator, several seeds; the long plants are `fairlead bench laws`.
@Suite struct PlantRunTests {
    static func plant(_ name: String, for duration: Nanoseconds? = nil) throws -> PlantDescription {
        let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("clusters/plants/\(name).yaml")
        var plant = try #require(PlantReader.read((name: name, text: try String(contentsOf: url, encoding: .utf8))).plants.first)
        if let duration { plant.duration = duration }
        return plant
    }

    @Test func `equal seeds give equal decisions`() throws {
        let plant = try PlantRunTests.plant("steady", for: .seconds(300))
        func rows(_ seed: UInt64) throws -> [String] {
            try PlantRun.run(plant, under: .law("plateau@1"), seed: seed, hash: .libcrypto, keepsRows: true).rows.map {
                "\($0.decision.outcome.reason) \($0.decision.outcome.desired?.description ?? "-") \($0.decision.input.raw?.description ?? "-")"
            }
        }
        let first = try rows(1)
        #expect(first.count == 60)
        #expect(try rows(1) == first)
        #expect(try rows(2) != first)
    }

    @Test func `who knows everything violates nothing, who does nothing violates always`() throws {
        let plant = try PlantRunTests.plant("stepped", for: .seconds(2_000))
        let clairvoyant = try PlantRun.run(plant, under: .clairvoyant, seed: 1, hash: .libcrypto)
        #expect(clairvoyant.violated == 0)
        #expect(abs(clairvoyant.meanRate / 1e6 - 0.975 * 192) < 2)
        let unmanaged = try PlantRun.run(plant, under: LawCase("unmanaged", .unmanaged), seed: 1, hash: .libcrypto)
        #expect(unmanaged.violationRatio > 0.95)
    }

    @Test func `two sites of unequal start come to equal shares`() throws {
        let plant = try PlantRunTests.plant("shared-2", for: .seconds(300))
        let result = try PlantRun.run(plant, under: .law("plateau@1"), seed: 1, hash: .libcrypto)
        #expect(result.fairness[0] < 0.9)
        #expect(result.fairness.suffix(20).allSatisfy { $0 > 0.98 })
    }

    @Test func `a site that others harm is freed within three ticks, and does not brake itself for them`() throws {
        var plant = try PlantRunTests.plant("victim", for: .seconds(120))
        // Begins once the victim's base is proven and its use is known.
        plant.sites[0].initial = .megabits(1_000)
        plant.sites[0].offers = Timeline([.init(at: .zero, value: 2e6), .init(at: .seconds(30), value: 10e9)])
        let result = try PlantRun.run(plant, under: .law("plateau@1"), seed: 4, hash: .libcrypto, keepsRows: true)
        let own = result.rows.filter { $0.site == 1 }
        let harmed = own.filter { row in row.decision.input.raw.map { $0 > row.decision.input.bound } ?? false }
        #expect((1...3).contains(harmed.count) && harmed.last!.at < .seconds(50))
        #expect(own.allSatisfy { $0.decision.outcome.reason != .brakedAboveBound })
    }

    @Test func `traffic that no brake of ours helps against is called others', and braked on only now and then`() throws {
        let plant = try PlantRunTests.plant("standing-queue", for: .seconds(400))
        let result = try PlantRun.run(plant, under: .law("plateau@1"), seed: 5, hash: .libcrypto, keepsRows: true)
        let first = try #require(result.rows.firstIndex { $0.decision.outcome.reason == .notOurTraffic })
        #expect(result.rows[..<first].count { $0.decision.outcome.isBrake } <= 3)
        let rest = result.rows[first...]
        #expect(rest.count { $0.decision.outcome.isBrake } <= rest.count / 5)
    }

    @Test func `a burst after idling of any length violates two ticks at most with a throughput source, five without`() throws {
        for (idleMinutes, seed) in [(2, 1), (10, 2)] as [(Int64, UInt64)] {
            for countsUse in [true, false] {
                var plant = try PlantRunTests.plant("idle-burst", for: .seconds(idleMinutes * 60 + 120))
                plant.sites[0].offers = Timeline([.init(at: .zero, value: 2e6), .init(at: .seconds(idleMinutes * 60), value: 10e9)])
                plant.sites[0].initial = .megabits(1_000)
                plant.countsUse = countsUse
                let result = try PlantRun.run(plant, under: .law("plateau@1"), seed: seed, hash: .libcrypto, keepsRows: true)
                let idle = result.rows.filter { $0.at <= .seconds(idleMinutes * 60) }
                #expect(idle.allSatisfy { $0.decision.outcome.action != .increase }, "idle for \(idleMinutes) min")
                // The burst alone; probes past the ceiling come later.
                let burst = result.rows.filter { $0.at > .seconds(idleMinutes * 60) && $0.at <= .seconds(idleMinutes * 60 + 40) }
                let ticks = burst.count { row in row.decision.input.raw.map { $0 > row.decision.input.bound } ?? false }
                #expect(ticks <= (countsUse ? 2 : 5) && ticks >= 1, "\(ticks) ticks, counting use: \(countsUse)")
            }
        }
    }

    @Test func `for a link that stays as it is the limit settles just below what it carries`() throws {
        for (megabits, seed) in [(60, 1), (200, 2), (700, 3)] as [(Double, UInt64)] {
            var plant = try PlantRunTests.plant("steady", for: .seconds(2_700))
            plant.links[0].carries = .always(megabits * 1e6)
            plant.links[0].queueBits *= megabits / 200
            let result = try PlantRun.run(plant, under: .law("plateau@1"), seed: seed, hash: .libcrypto, keepsRows: true)
            let late = result.rows.filter { $0.at > .seconds(1_800) }
            #expect(late.count { $0.decision.outcome.action != .hold } <= 4, "\(megabits)")
            for row in late {
                let limit = Double(row.decision.outcome.desired?.bitsPerSecond ?? 0) / 1e6
                #expect(limit > 0.9 * megabits && limit < 1.04 * megabits, "\(limit) of \(megabits)")
            }
        }
    }

    @Test func `what a forecast foresees is counted against the same spikes for every method`() async throws {
        let plant = try PlantRunTests.plant("stepped", for: .seconds(2_400))
        let table = try await ForecastTable.measure([plant], ahead: [1], seeds: 1...2, hash: .libcrypto, width: 2) { _ in }
        #expect(table.cases.map(\.forecast) == ["none", "learned 1", "persistence 1", "trend 1"])
        #expect(Set(table.cases.map(\.spikes)).count == 1 && table.cases[0].spikes > 0)
        #expect(table.cases.allSatisfy { $0.foreseen + $0.missed == $0.spikes && $0.meanRate > 0 })
        let persistence = table.cases[2]
        // What is not above the bound stays below it: nothing is ever foreseen, and nothing is different.
        #expect(persistence.foreseen == table.cases[0].foreseen && persistence.givenUpRatio == 0)
    }
}
