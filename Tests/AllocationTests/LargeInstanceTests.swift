@testable import Allocation
import Quantities
import Testing

/// Hundreds of demands, weights from 1 to 2⁵⁰, ties, and leftovers of single parts of 2⁻⁶⁴ bit/s: too much for fractions, so the
/// certificate judges. A solver that was used before, a new one, and the input in another order must agree.
@Suite struct LargeInstanceTests {
    static func random(seed: UInt64) -> (lists: InstanceLists, generator: SeededGenerator) {
        var generator = SeededGenerator(seed: seed)
        let resourceCount = Int.random(in: 1...60, using: &generator)
        let demandCount = Int.random(in: 1...600, using: &generator)
        let style = Int.random(in: 0..<6, using: &generator)
        let largest: Int64 = [100, 10_000, 1_000_000_000, 400_000_000_000_000].randomElement(using: &generator)!
        let tierCount = [1, 3, 30].randomElement(using: &generator)!
        let resources = (0..<resourceCount).map { index in
            let capacity =
                switch style {
                case 0: largest
                case 1: largest / Int64.random(in: 1...3, using: &generator)
                default: Int64.random(in: 0...largest, using: &generator)
                }
            return AllocationResource(kind: index % 4 == 3 ? .budget : .link, id: "r\(index)", capacity: BitRate(bitsPerSecond: capacity))
        }
        let demands = (0..<demandCount).map { index in
            demand(index, style: style, largest: largest, resourceCount: resourceCount, tierCount: tierCount, &generator)
        }
        return (InstanceLists(resources: resources, demands: demands), generator)
    }

    private static func demand(
        _ index: Int, style: Int, largest: Int64, resourceCount: Int, tierCount: Int, _ generator: inout SeededGenerator
    ) -> AllocationDemand {
        var minimum: Int64 = 0
        if style != 0, Int.random(in: 0..<3, using: &generator) != 0 {
            minimum = Int64.random(in: 0...(1 + largest / [10, 100, 1_000, 10_000].randomElement(using: &generator)!), using: &generator)
        }
        var maximum: Int64?
        if style > 1 || index % 2 != 0 {
            maximum = minimum
            if Int.random(in: 0..<4, using: &generator) != 0 {
                maximum = minimum + Int64.random(in: 0...(largest / [1, 10, 100].randomElement(using: &generator)!), using: &generator)
            }
        }
        let length = Int.random(in: 1...min(resourceCount, 8), using: &generator)
        let resources = Array(Array(0..<resourceCount).shuffled(using: &generator).prefix(length))
        let weight: Int64 =
            switch style {
            case 0, 1: 1_000_000
            case 2: 1 << Int64.random(in: 0...50, using: &generator)
            default: Int64.random(in: 1...10_000_000, using: &generator)
            }
        return AllocationDemand(
            id: "d\(index)", cluster: "c", resources: resources, minimum: BitRate(bitsPerSecond: minimum),
            maximum: maximum.map { BitRate(bitsPerSecond: $0) }, weight: weight, tier: Int.random(in: 0..<tierCount, using: &generator))
    }

    @Test func `large instances pass their certificate and do not depend on the order`() throws {
        var solver = AllocationSolver()
        var result = AllocationResult()
        var infeasible = 0
        for seed in 1...160 as ClosedRange<UInt64> {
            var (lists, generator) = LargeInstanceTests.random(seed: seed)
            let instance = try lists.made()
            solver.fill(instance, into: &result)
            try solver.verify(instance, result)
            if !result.isFeasible { infeasible += 1 }
            guard seed % 5 == 0 else { continue }
            var fresh = AllocationSolver()
            let again = fresh.solve(try lists.shuffled(&generator).made())
            #expect(again == result, "seed \(seed)")
        }
        #expect(infeasible > 50 && infeasible < 155)
    }

    /// 1038: a sum was held at the room instead of exceeding it, and a resource bound its members too high.
    /// 14857: a bound in floating point, finer than a level, seemed to stand above an equal one; the wrong resource was named.
    @Test(arguments: [1_038, 14_857] as [UInt64]) func `what once failed passes`(seed: UInt64) throws {
        var solver = AllocationSolver()
        var result = AllocationResult()
        let instance = try LargeInstanceTests.random(seed: seed).lists.made()
        solver.fill(instance, into: &result)
        try solver.verify(instance, result)
    }
}
