import Allocation
import Quantities
import Testing

/// The solver against water-filling in exact fractions: equal to the bit, at random and exhaustively where that is possible.
@Suite struct SolverAgainstReferenceTests {
    @Test func `five thousand random instances get the rates that exact fractions give`() throws {
        var solver = AllocationSolver()
        var result = AllocationResult()
        var compared = 0
        var infeasible = 0
        for seed in 1...5_200 as ClosedRange<UInt64> {
            var generator = SeededGenerator(seed: seed)
            let lists = InstanceLists.random(&generator)
            guard let reference = WaterFillingReference(resources: lists.resources, demands: lists.demands) else { continue }
            let instance = try lists.made()
            solver.solve(instance, into: &result)
            let expected = Expected(reference, instance)
            #expect(result.rateBitsList == expected.rates, "seed \(seed)")
            #expect(result.minimumBitsList == expected.minimums, "seed \(seed)")
            #expect(result.isFeasible == expected.isFeasible, "seed \(seed)")
            compared += 1
            if !expected.isFeasible { infeasible += 1 }
        }
        #expect(compared >= 5_000)
        #expect(infeasible >= 500)
        #expect(compared - infeasible >= 500)
    }

    /// Capacities, minimums, maximums, weights and paths of up to three demands on up to two links, all combinations of small numbers.
    @Test(arguments: 1...3) func `every small instance of this many demands is right`(demandCount: Int) throws {
        var shapes: [AllocationDemand] = []
        let capacities: [Int64] = demandCount == 3 ? [1, 5] : [0, 1, 3, 5]
        for path in [[0], [1], [0, 1]] {
            for (minimum, maximum) in demandCount == 3 ? [(0, nil), (0, 2), (2, nil)] : [(0, nil), (0, 2), (1, nil), (2, 2)] as [(Int64, Int64?)] {
                for weight in demandCount == 1 ? [1, 2, 3] : [1, 2] as [Int64] {
                    for tier in demandCount == 3 && weight == 1 ? [0] : [0, 1] {
                        shapes.append(
                            AllocationDemand(
                                id: "", cluster: "c", resources: path, minimum: BitRate(bitsPerSecond: minimum),
                                maximum: maximum.map { BitRate(bitsPerSecond: $0) }, weight: weight, tier: tier))
                    }
                }
            }
        }
        var solver = AllocationSolver()
        var result = AllocationResult()
        var differing: [String] = []
        var count = 0
        for first in capacities {
            for second in capacities {
                let resources = [first, second].enumerated().map {
                    AllocationResource(kind: .link, id: "l\($0.offset)", capacity: BitRate(bitsPerSecond: $0.element))
                }
                forEachChoice(of: shapes, count: demandCount) { demands in
                    guard let reference = WaterFillingReference(resources: resources, demands: demands),
                        let instance = try? AllocationInstance(resources: resources, demands: demands)
                    else { return differing.append("not made: \(demands)") }
                    solver.solve(instance, into: &result)
                    let expected = Expected(reference, instance)
                    count += 1
                    if result.rateBitsList != expected.rates || result.minimumBitsList != expected.minimums {
                        differing.append("\(resources) \(demands)")
                    }
                }
            }
        }
        #expect(differing.isEmpty, "\(differing.prefix(3))")
        #expect(count >= [16 * 72, 16 * 1_000, 4 * 3_600][demandCount - 1])
    }

    /// Multisets are enough: the order of the input does not matter, which has a test of its own.
    private func forEachChoice(of shapes: [AllocationDemand], count: Int, _ body: ([AllocationDemand]) -> Void) {
        func choose(_ chosen: [AllocationDemand], from start: Int) {
            if chosen.count == count { return body(chosen) }
            for index in start..<shapes.count {
                let shape = shapes[index]
                choose(
                    chosen + [
                        AllocationDemand(
                            id: "d\(chosen.count)", cluster: shape.cluster, resources: shape.resources, minimum: shape.minimum,
                            maximum: shape.maximum, weight: shape.weight, tier: shape.tier)
                    ], from: index)
            }
        }
        choose([], from: 0)
    }
}

/// The reference's answer in the instance's own order, in whole bits.
struct Expected {
    let rates: [Int64]
    let minimums: [Int64]
    let isFeasible: Bool

    init(_ reference: WaterFillingReference, _ instance: AllocationInstance) {
        rates = instance.positions.map { reference.rates[$0].wholeBits }
        minimums = instance.positions.map { reference.minimums[$0].wholeBits }
        isFeasible = reference.demands.indices.allSatisfy {
            reference.minimums[$0] == reference.leasts[$0]
        }
    }
}

extension AllocationResult {
    var rateBitsList: [Int64] { (0..<demandCount).map { rate(of: $0).bitsPerSecond } }
    var minimumBitsList: [Int64] { (0..<demandCount).map { minimum(of: $0).bitsPerSecond } }
}
