@testable import Allocation
import Quantities
import Testing

/// Hundreds of demands, weights from 1 to 2⁵⁰, ties, and leftovers of single parts of 2⁻⁶⁴ bit/s: too much for fractions, so the
/// certificate judges. Every solve checks it; here a solver that was used before, a new one and the input in another order must agree.
@Suite struct LargeInstanceTests {
    enum Style: CaseIterable {
        case equal, fewCapacities, anyWeight, ordinary
    }

    static func random(_ style: Style, _ generator: inout SeededGenerator) -> InstanceLists {
        let resourceCount = Int.random(in: 1...40, using: &generator)
        let demandCount = Int.random(in: 1...300, using: &generator)
        let largest: Int64 = [100, 1_000_000_000, 400_000_000_000_000].randomElement(using: &generator)!
        let tierCount = [1, 3, 30].randomElement(using: &generator)!
        let part: Int64 = style == .equal ? 0 : [10, 1_000, 100_000].randomElement(using: &generator)!
        let resources = (0..<resourceCount).map { index in
            let capacity: Int64 =
                switch style {
                case .equal: largest
                case .fewCapacities: largest / Int64.random(in: 1...3, using: &generator)
                default: Int64.random(in: 0...largest, using: &generator)
                }
            return AllocationResource(kind: .link, id: "r\(index)", capacity: BitRate(bitsPerSecond: capacity))
        }
        let demands = (0..<demandCount).map { index in
            let minimum = part == 0 || Bool.random(using: &generator) ? 0 : Int64.random(in: 0...largest / part, using: &generator)
            let maximum: Int64? = index % 3 == 0 ? nil : minimum + Int64.random(in: 0...largest / 10, using: &generator)
            let length = Int.random(in: 1...min(resourceCount, 8), using: &generator)
            return AllocationDemand(
                id: "d\(index)", cluster: "c", resources: Array(Array(0..<resourceCount).shuffled(using: &generator).prefix(length)),
                minimum: BitRate(bitsPerSecond: minimum), maximum: maximum.map { BitRate(bitsPerSecond: $0) },
                weight: style == .anyWeight ? 1 << Int64.random(in: 0...50, using: &generator)
                    : style == .ordinary ? Int64.random(in: 1...10_000_000, using: &generator) : 1_000_000,
                tier: Int.random(in: 0..<tierCount, using: &generator))
        }
        return InstanceLists(resources: resources, demands: demands)
    }

    @Test(arguments: Style.allCases) func `large instances pass their certificate whatever the weights`(style: Style) throws {
        var solver = AllocationSolver()
        var result = AllocationResult()
        for seed in 1...150 as ClosedRange<UInt64> {
            var generator = SeededGenerator(seed: seed)
            let lists = LargeInstanceTests.random(style, &generator)
            let instance = try lists.made()
            solver.fill(instance, into: &result)
            try solver.verify(instance, result)
            if seed % 5 == 0 {
                var fresh = AllocationSolver()
                let again = fresh.solve(try lists.shuffled(&generator).made())
                #expect(again == result, "seed \(seed)")
            }
        }
    }
}
