import Fleet
import Foundation
import Jitter
import Plants
import Quantities
import Testing

// Aim: the plants' one queueing model is the measured bottleneck. Method: every row of the measurement is run again in the model.
@Suite struct PlantCalibrationTests {
    struct Row: CustomTestStringConvertible {
        var shaped: Double
        var goodput: Double
        var median: Double
        var p95: Double
        var testDescription: String { "shaped at \(Int(shaped)) Mbit/s" }
    }

    static let rows: [Row] = {
        let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures/bottleneck-curve.csv")
        let lines = ((try? String(contentsOf: url, encoding: .utf8)) ?? "").split(separator: "\n").dropFirst()
        return lines.map { line in
            let cells = line.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) ?? .nan }
            return Row(shaped: cells[0], goodput: cells[1], median: cells[3], p95: cells[4])
        }
    }()

    /// A minute behind a shaper, the first two seconds left out. Unit of the delays: milliseconds.
    static func measure(shaped: Double) -> (goodput: Double, median: Double, p95: Double, minimum: Double) {
        let link = PlantDescription.Link(id: "wan", configured: .megabits(1000), carries: .always(200e6))
        let site = PlantDescription.Site(
            id: "host", links: ["wan"], offers: .always(shaped == 0 ? 0 : 1e10), initial: BitRate(bitsPerSecond: Int64(shaped * 1e6)))
        var plant = Plant(
            PlantDescription(
                name: "bottleneck", summary: "", duration: .seconds(62), probeInterval: .milliseconds(10), links: [link], sites: [site]),
            seed: 1, origin: MonotonicTime(nanoseconds: 0))
        plant.advance(to: .seconds(2))
        _ = plant.takeProbes(site: 0)
        let before = plant.carriedBits(site: 0)
        plant.advance(to: .seconds(62))
        let delays = plant.takeProbes(site: 0).compactMap { $0.believedRoundTrip?.seconds }.map { $0 * 1e3 }.sorted()
        return ((plant.carriedBits(site: 0) - before) / 60e6, delays[delays.count / 2], delays[delays.count * 95 / 100], delays[0])
    }

    @Test func `the measurement is there`() { #expect(PlantCalibrationTests.rows.count == 14) }

    /// The queue within a quarter of the measured one above the cliff; below it no queue at all, and noise up to the largest
    /// measured. TCP's headers are 4 % of the link's rate, which the model does not take off.
    @Test(arguments: rows) func `each measured row comes out of the model`(_ row: Row) {
        let model = PlantCalibrationTests.measure(shaped: row.shaped)
        #expect(abs(model.goodput * 0.96 - row.goodput) <= 0.03 * row.goodput + 0.1)
        if row.median > 0.5 {
            #expect(abs(model.median - row.median) <= 0.25 * row.median)
            #expect(abs(model.p95 - row.p95) <= 0.25 * row.p95)
        } else {
            #expect(model.median < 0.05 && model.p95 < 0.45)
        }
    }

    @Test func `a standing queue never empties, so a window's own minimum hides it`() {
        #expect(PlantCalibrationTests.measure(shaped: 400).minimum > 1)
        #expect(PlantCalibrationTests.measure(shaped: 195).minimum < 0.01)
    }
}
