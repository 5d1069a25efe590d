import Allocation
import Quantities
import Testing

@Suite struct RateDivisionTests {
    private static func claims(
        _ rows: [(Int64, Int64, Int64)]
    ) -> [(floor: BitRate, ceiling: BitRate, weight: Int64)] {
        rows.map { (floor: BitRate(bitsPerSecond: $0.0), ceiling: BitRate(bitsPerSecond: $0.1), weight: $0.2) }
    }
    private static func divide(_ total: Int64, _ rows: [(Int64, Int64, Int64)]) -> [Int64] {
        RateDivision.divide(total: BitRate(bitsPerSecond: total), among: claims(rows)).map(\.bitsPerSecond)
    }

    @Test func `a total is shared by weight between floors and ceilings`() {
        #expect(RateDivisionTests.divide(100, [(0, 1_000, 1), (0, 1_000, 3)]) == [25, 75])
        #expect(RateDivisionTests.divide(100, [(0, 10, 1), (0, 1_000, 1)]) == [10, 90])
        #expect(RateDivisionTests.divide(100, [(60, 1_000, 1), (0, 1_000, 1)]) == [60, 40])
        #expect(RateDivisionTests.divide(100, [(0, 1_000, 1), (0, 1_000, 1), (0, 1_000, 1)]) == [33, 33, 33])
        #expect(RateDivisionTests.divide(300_000_000, [(0, 1_000_000_000, 3), (0, 1_000_000_000, 6)]) == [100_000_000, 200_000_000])
        #expect(RateDivisionTests.divide(100, []) == [])
        #expect(RateDivisionTests.divide(0, [(0, 5, 1)]) == [0])
    }

    @Test func `floors are kept even where they are more than the total`() {
        #expect(RateDivisionTests.divide(10, [(8, 100, 1), (7, 100, 1)]) == [8, 7])
        #expect(RateDivisionTests.divide(15, [(8, 100, 1), (7, 100, 1)]) == [8, 7])
        #expect(RateDivisionTests.divide(10, [(8, 3, 1), (0, 100, 1)]) == [8, 2])
    }

    @Test func `a division is the allocation of one link`() throws {
        var solver = AllocationSolver()
        for seed in 1...2_000 as ClosedRange<UInt64> {
            var generator = SeededGenerator(seed: seed)
            let largest: Int64 = [10, 1_000, 1_000_000_000].randomElement(using: &generator)!
            let rows = (0..<Int.random(in: 1...8, using: &generator)).map { _ in
                let floor = Int64.random(in: 0...largest, using: &generator) / 4
                return (floor, floor + Int64.random(in: 0...largest, using: &generator), Int64.random(in: 1...5_000_000, using: &generator))
            }
            let floors = rows.reduce(0) { $0 + $1.0 }
            let total = floors + Int64.random(in: 0...largest * 4, using: &generator)
            let instance = try AllocationInstance(
                resources: [AllocationResource(kind: .link, id: "l", capacity: BitRate(bitsPerSecond: total))],
                demands: rows.enumerated().map { index, row in
                    AllocationDemand(
                        id: "d\(index)", cluster: "c", resources: [0], minimum: BitRate(bitsPerSecond: row.0),
                        maximum: BitRate(bitsPerSecond: row.1), weight: row.2, tier: 0)
                })
            #expect(RateDivisionTests.divide(total, rows) == solver.solve(instance).rateBitsList, "seed \(seed)")
        }
    }

    @Test func `a weight of nothing is our own mistake and stops the process`() async {
        await #expect(processExitsWith: .failure) {
            _ = RateDivision.divide(total: .megabits(1), among: [(floor: .zero, ceiling: .megabits(1), weight: 0)])
        }
    }
}
