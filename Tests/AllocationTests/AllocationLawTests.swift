import Allocation
import Quantities
import Testing

/// The laws that every allocation keeps, on seeded random instances. Each holds for whole bits, after rounding.
@Suite struct AllocationLawTests {
    private static let seeds = 10_001...10_400 as ClosedRange<UInt64>

    private func forEachInstance(_ body: (UInt64, InstanceLists, inout SeededGenerator, inout AllocationSolver) throws -> Void) throws {
        var solver = AllocationSolver()
        for seed in AllocationLawTests.seeds {
            var generator = SeededGenerator(seed: seed)
            let lists = InstanceLists.random(&generator)
            try body(seed, lists, &generator, &solver)
        }
    }

    @Test func `no resource carries more than its capacity and its use is told to the bit`() throws {
        try forEachInstance { seed, lists, _, solver in
            let instance = try lists.made()
            let result = solver.solve(instance)
            for resource in instance.resources.indices {
                let sum = instance.members(of: resource).reduce(Int64(0)) { $0 + result.rate(of: $1).bitsPerSecond }
                #expect(sum <= instance.resources[resource].capacity.bitsPerSecond, "seed \(seed)")
                #expect(sum == result.used(of: resource).bitsPerSecond, "seed \(seed)")
            }
        }
    }

    @Test func `a feasible instance keeps every minimum and nobody gets more than its maximum`() throws {
        try forEachInstance { seed, lists, _, solver in
            let instance = try lists.made()
            let result = solver.solve(instance)
            for (index, demand) in instance.demands.enumerated() {
                #expect(result.rate(of: index) >= result.minimum(of: index), "seed \(seed)")
                #expect(result.minimum(of: index) <= demand.minimum, "seed \(seed)")
                if result.isFeasible { #expect(result.minimum(of: index) == demand.minimum, "seed \(seed)") }
                if let maximum = demand.maximum { #expect(result.rate(of: index) <= maximum, "seed \(seed)") }
            }
        }
    }

    /// Whoever could use more crosses a resource on which less than a bit per member is free.
    @Test func `nothing is left that anybody could use`() throws {
        try forEachInstance { seed, lists, _, solver in
            let instance = try lists.made()
            let result = solver.solve(instance)
            for (index, demand) in instance.demands.enumerated() where result.rate(of: index) < demand.maximum ?? .maximum {
                #expect(
                    demand.resources.contains { resource in
                        let room = instance.resources[resource].capacity.minus(result.used(of: resource)).bitsPerSecond
                        return room == 0 || room < instance.members(of: resource).reduce(0) { count, _ in count + 1 }
                    }, "seed \(seed), \(demand.id)")
            }
        }
    }

    @Test func `the order of the input changes no byte`() throws {
        try forEachInstance { seed, lists, generator, solver in
            let instance = try lists.made()
            let shuffled = try lists.shuffled(&generator).made()
            #expect(instance.demands == shuffled.demands && instance.resources == shuffled.resources, "seed \(seed)")
            let result = solver.solve(instance)
            #expect(result == solver.solve(shuffled), "seed \(seed)")
            #expect(result.certificate.text(for: instance) == result.certificate.text(for: shuffled), "seed \(seed)")
        }
    }

    @Test func `a solver that was used before answers as a new one`() throws {
        try forEachInstance { seed, lists, _, solver in
            let instance = try lists.made()
            var fresh = AllocationSolver()
            #expect(solver.solve(instance) == fresh.solve(instance), "seed \(seed)")
        }
    }

    @Test func `who is guaranteed what it has, and wants no more, has it again`() throws {
        try forEachInstance { seed, lists, _, solver in
            let instance = try lists.made()
            let result = solver.solve(instance)
            var again = lists
            for (index, position) in instance.positions.enumerated() {
                again.demands[position] = again.demands[position].with(minimum: result.rate(of: index), maximum: result.rate(of: index))
            }
            let second = solver.solve(try again.made())
            #expect(second.isFeasible, "seed \(seed)")
            #expect(second.rateBitsList == result.rateBitsList, "seed \(seed)")
        }
    }

    @Test func `more weight never costs its owner anything`() throws {
        try forEachInstance { seed, lists, generator, solver in
            let before = try lists.made()
            let position = Int.random(in: lists.demands.indices, using: &generator)
            var heavier = lists
            heavier.demands[position] = lists.demands[position].with(weight: lists.demands[position].weight * 3)
            let id = lists.demands[position].id
            let old = solver.solve(before).rates(before)[id]!
            let after = try heavier.made()
            #expect(solver.solve(after).rates(after)[id]! >= old, "seed \(seed)")
        }
    }

    @Test func `more capacity on a link of its own never costs its owner anything`() throws {
        try forEachInstance { seed, lists, generator, solver in
            let position = Int.random(in: lists.demands.indices, using: &generator)
            let most = Int64.random(in: 0...1_000, using: &generator)
            var last: Int64 = -1
            for capacity in [0, most / 2, most, most * 2, 20_000_000_000] {
                var own = lists
                own.resources.append(AllocationResource(kind: .link, id: "own", capacity: BitRate(bitsPerSecond: capacity)))
                own.demands[position] = own.demands[position].with(resources: own.demands[position].resources + [lists.resources.count])
                // Minimums that do not fit are another law: here all of them are dropped.
                own.demands = own.demands.map { $0.with(minimum: .zero) }
                let instance = try own.made()
                let rate = solver.solve(instance).rates(instance)[own.demands[position].id]!
                #expect(rate >= last, "seed \(seed)")
                #expect(rate <= capacity, "seed \(seed)")
                last = rate
            }
        }
    }

    @Test func `only the ratio of weights matters`() throws {
        try forEachInstance { seed, lists, _, solver in
            var scaled = lists
            scaled.demands = lists.demands.map { $0.with(weight: $0.weight * 1_000_000) }
            let plain = solver.solve(try lists.made())
            let heavy = solver.solve(try scaled.made())
            #expect(plain.rateBitsList == heavy.rateBitsList, "seed \(seed)")
        }
    }

    @Test func `a lower tier takes nothing from a higher one`() throws {
        try forEachInstance { seed, lists, _, solver in
            var highest = lists
            highest.demands = lists.demands.map { $0.with(minimum: .zero) }
            let all = try highest.made()
            let first = all.tiers[0]
            highest.demands.removeAll { $0.tier != first }
            let alone = try highest.made()
            let together = solver.solve(all).rates(all)
            for (id, rate) in solver.solve(alone).rates(alone) { #expect(together[id] == rate, "seed \(seed), \(id)") }
        }
    }
}
