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
}
