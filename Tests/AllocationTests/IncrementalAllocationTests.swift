import Allocation
import Quantities
import Testing

/// After every change of any kind the incremental answer is the full one, to the byte, certificate included.
@Suite struct IncrementalAllocationTests {
    /// Small instances full of ties: one change after another, each of a kind drawn from the seed.
    @Test func `after any sequence of changes the answer is that of a full solve`() throws {
        var solver = AllocationSolver()
        var kinds: [String: Int] = [:]
        var partial = 0
        for seed in 30_001...30_250 as ClosedRange<UInt64> {
            var generator = SeededGenerator(seed: seed)
            let start = try InstanceLists.random(&generator).made()
            var allocation = IncrementalAllocation(start)
            for step in 0..<12 {
                let now = allocation.instance()
                guard let change = AllocationChange.random(now, step: step, &generator) else { continue }
                let effort: IncrementalAllocation.Effort
                do throws(AllocationChangeError) { effort = try allocation.apply(change) } catch {
                    #expect(allocation.instance().demands == now.demands, "seed \(seed), step \(step): a refused change changed something")
                    continue
                }
                kinds[String("\(change)".prefix { $0 != "(" }), default: 0] += 1
                if !effort.isFull { partial += 1 }
                let changed = allocation.instance()
                #expect(
                    allocation.result(for: changed) == solver.solve(changed), "seed \(seed), step \(step): \(change)")
            }
        }
        #expect(kinds.count == 7 && kinds.values.allSatisfy { $0 > 100 }, "\(kinds)")
        #expect(partial > 700, "\(partial)")
    }

    /// Larger ones, where one change must not reach everybody.
    @Test func `a change in a large instance reaches part of it and gives the full answer`() throws {
        var solver = AllocationSolver()
        var touched = 0
        var all = 0
        for seed in 40_001...40_012 as ClosedRange<UInt64> {
            var (lists, generator) = LargeInstanceTests.random(seed: seed)
            // Minimums that fit: the incremental way is only gone where they do.
            lists.demands = lists.demands.map { $0.with(minimum: BitRate(bitsPerSecond: $0.minimum.bitsPerSecond / 100_000)) }
            var allocation = IncrementalAllocation(try lists.made())
            for step in 0..<14 {
                guard let change = AllocationChange.random(allocation.instance(), step: step, &generator),
                    let effort = try? allocation.apply(change)
                else { continue }
                touched += effort.touched
                all += allocation.demandCount
                let changed = allocation.instance()
                #expect(allocation.result(for: changed) == solver.solve(changed), "seed \(seed), step \(step): \(change)")
            }
        }
        #expect(touched * 10 < all * 9, "\(touched) of \(all)")
    }

    @Test func `a change that is not possible is refused with the reason`() throws {
        let instance = try AllocationInstance(
            resources: [AllocationResource(kind: .link, id: "l", capacity: .megabits(10))],
            demands: [
                AllocationDemand(id: "d", cluster: "c", resources: [0], minimum: .megabits(1), maximum: .megabits(2), weight: 1, tier: 0)
            ])
        var allocation = IncrementalAllocation(instance)
        let new = AllocationDemand(id: "e", cluster: "c", resources: [0], minimum: .zero, maximum: nil, weight: 1, tier: 0)
        let cases: [(AllocationChange, AllocationChangeError.Code)] = [
            (.minimum(demand: "x", .zero), .unknownDemand), (.minimum(demand: "d", .megabits(3)), .minimumAboveMaximum),
            (.maximum(demand: "d", .zero), .minimumAboveMaximum), (.weight(demand: "d", 0), .weightNotPositive),
            (.weight(demand: "d", 1 << 62), .weightsTooLarge), (.tier(demand: "d", -1), .negativeTier),
            (.remove(demand: "x"), .unknownDemand), (.capacity(kind: .link, id: "x", .zero), .unknownResource),
            (.capacity(kind: .budget, id: "l", .zero), .unknownResource),
            (.capacity(kind: .link, id: "l", BitRate(bitsPerSecond: .max)), .capacityTooLarge),
            (.add(instance.demands[0]), .duplicateID),
            (.add(AllocationDemand(id: "e", cluster: "c", resources: [], minimum: .zero, maximum: nil, weight: 1, tier: 0)), .noResource),
            (.add(AllocationDemand(id: "e", cluster: "c", resources: [1], minimum: .zero, maximum: nil, weight: 1, tier: 0)), .unknownResource),
            (.add(AllocationDemand(id: "e", cluster: "c", resources: [0, 0], minimum: .zero, maximum: nil, weight: 1, tier: 0)), .repeatedResource),
        ]
        for (change, code) in cases {
            #expect { try allocation.apply(change) } throws: { ($0 as? AllocationChangeError)?.code == code }
        }
        #expect(allocation.rate(of: "d") == .megabits(2))
        try allocation.apply(.add(new))
        #expect(allocation.rate(of: "e") == .megabits(8))
        #expect(allocation.limit(of: "e")?.id == "l" && allocation.limit(of: "d") == nil)
        try allocation.apply(.capacity(kind: .link, id: "l", BitRate(bitsPerSecond: 500_000)))
        #expect(!allocation.isFeasible && allocation.rate(of: "d") == BitRate(bitsPerSecond: 500_000) && allocation.rate(of: "e") == .zero)
        try allocation.apply(.remove(demand: "d"))
        #expect(allocation.isFeasible && allocation.rate(of: "d") == nil && allocation.rate(of: "e") == BitRate(bitsPerSecond: 500_000))
    }
}

extension AllocationChange {
    /// Some change of an instance, its kind by the step; nil where there is nobody to change.
    static func random(_ instance: AllocationInstance, step: Int, _ generator: inout SeededGenerator) -> AllocationChange? {
        guard let resource = instance.resources.randomElement(using: &generator) else { return nil }
        let most = max(4, resource.capacity.bitsPerSecond)
        func rate() -> BitRate { BitRate(bitsPerSecond: Int64.random(in: 0...most / 4, using: &generator)) }
        if step % 7 == 6 {
            let other = Bool.random(using: &generator) ? BitRate(bitsPerSecond: most / 2) : instance.resources[0].capacity
            return .capacity(kind: resource.kind, id: resource.id, other)
        }
        guard let demand = instance.demands.randomElement(using: &generator) else { return nil }
        switch step % 7 {
        case 0: return .minimum(demand: demand.id, min(rate(), demand.maximum ?? .maximum))
        case 1: return .maximum(demand: demand.id, Bool.random(using: &generator) ? nil : demand.minimum + rate())
        case 2: return .weight(demand: demand.id, Int64.random(in: 1...5, using: &generator))
        case 3: return .tier(demand: demand.id, Int.random(in: 0...3, using: &generator))
        case 4:
            let path = Array(instance.resources.indices.shuffled(using: &generator).prefix(2))
            return .add(
                AllocationDemand(
                    id: "new\(step)-\(generator.next() % 1_000)", cluster: "c", resources: path, minimum: .zero,
                    maximum: Bool.random(using: &generator) ? nil : rate(), weight: Int64.random(in: 1...3, using: &generator),
                    tier: Int.random(in: 0...2, using: &generator)))
        default: return .remove(demand: demand.id)
        }
    }
}
