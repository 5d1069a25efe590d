import Allocation
import Quantities
import Testing

@Suite struct AllocationInstanceTests {
    private static let link = AllocationResource(kind: .link, id: "l", capacity: .megabits(10))
    private static func demand(
        _ id: String = "d", resources: [Int] = [0], minimum: Int64 = 0, maximum: Int64? = nil, weight: Int64 = 1, tier: Int = 0
    ) -> AllocationDemand {
        AllocationDemand(
            id: id, cluster: "c", resources: resources, minimum: BitRate(bitsPerSecond: minimum),
            maximum: maximum.map { BitRate(bitsPerSecond: $0) }, weight: weight, tier: tier)
    }

    private static func refusal(_ resources: [AllocationResource], _ demands: [AllocationDemand]) -> AllocationInstanceError? {
        do throws(AllocationInstanceError) {
            _ = try AllocationInstance(resources: resources, demands: demands)
            return nil
        } catch { return error }
    }

    @Test func `what cannot be shared is refused with its place`() {
        typealias T = AllocationInstanceTests
        func expect(
            _ resources: [AllocationResource], _ demands: [AllocationDemand], _ expected: AllocationInstanceError.Code,
            _ place: AllocationInstanceError.Place
        ) {
            let found = T.refusal(resources, demands)
            #expect(found?.code == expected && found?.place == place, "\(expected): \(String(describing: found))")
        }
        expect([T.link, T.link], [], .duplicateID, .resource(1))
        expect([AllocationResource(kind: .link, id: "l", capacity: BitRate(bitsPerSecond: .max))], [], .capacityTooLarge, .resource(0))
        expect([T.link], [T.demand(), T.demand()], .duplicateID, .demand(1))
        expect([T.link], [T.demand(), T.demand("e", weight: 0)], .weightNotPositive, .demand(1))
        expect([T.link], [T.demand(tier: -1)], .negativeTier, .demand(0))
        expect([T.link], [T.demand(minimum: 2, maximum: 1)], .minimumAboveMaximum, .demand(0))
        expect([T.link], [T.demand(resources: [])], .noResource, .demand(0))
        expect([T.link], [T.demand(resources: [0, 1])], .unknownResource, .pathEntry(demand: 0, entry: 1))
        expect([T.link], [T.demand(resources: [-1])], .unknownResource, .pathEntry(demand: 0, entry: 0))
        expect([T.link], [T.demand(resources: [0, 0])], .repeatedResource, .pathEntry(demand: 0, entry: 1))
        expect([T.link], [T.demand(weight: 1 << 61), T.demand("e", weight: 1 << 61)], .weightsTooLarge, .demand(1))
        expect([T.link], [T.demand(minimum: 1 << 61), T.demand("e", minimum: 1 << 61)], .minimumsTooLarge, .demand(1))
        #expect(T.refusal([T.link, AllocationResource(kind: .budget, id: "l", capacity: .zero)], [T.demand()]) == nil)
        #expect(T.refusal([], []) == nil)
    }

    @Test func `an instance without demands, or with nothing to share, has an answer`() throws {
        var solver = AllocationSolver()
        #expect(solver.solve(try AllocationInstance(resources: [], demands: [])).isFeasible)
        let empty = try AllocationInstance(
            resources: [AllocationResource(kind: .link, id: "l", capacity: .zero)], demands: [AllocationInstanceTests.demand(minimum: 5)])
        let result = solver.solve(empty)
        #expect(!result.isFeasible && result.rate(of: 0) == .zero)
        #expect(result.shortfalls == [.init(resource: 0, tier: 0, missing: BitRate(bitsPerSecond: 5))])
    }

    @Test func `the largest rates, weights and numbers of members are shared without overflow`() throws {
        let most = AllocationResource(kind: .link, id: "l", capacity: .maximum)
        let demands = (0..<2_000).map { AllocationInstanceTests.demand("d\($0)", minimum: 1 << 49, maximum: nil, weight: 1 << 50, tier: $0 % 2) }
        var solver = AllocationSolver()
        let result = solver.solve(try AllocationInstance(resources: [most], demands: demands))
        #expect(!result.isFeasible)
        // One thousand of the more important tier share 10^15 bit/s; the others get nothing.
        #expect(result.rateBitsList == Array(repeating: 1_000_000_000_000, count: 1_000) + Array(repeating: 0, count: 1_000))
    }

    @Test func `changing a capacity or a minimum keeps the order`() throws {
        let instance = try AllocationInstance(
            resources: [AllocationInstanceTests.link], demands: [AllocationInstanceTests.demand("b"), AllocationInstanceTests.demand("a", maximum: 7)])
        #expect(instance.positions == [1, 0])
        #expect(instance.with(capacity: .megabits(3), of: 0).resources[0].capacity == .megabits(3))
        #expect(instance.with(minimum: .megabits(3), of: 0).demands[0].minimum == BitRate(bitsPerSecond: 7))
        #expect(instance.with(minimum: .megabits(3), of: 1).positions == [1, 0])
    }

    @Test func `an instance with other numbers is the one that is made of them`() throws {
        var (generator, solver) = (SeededGenerator(seed: 23), AllocationSolver())
        for _ in 0..<500 {
            var lists = InstanceLists.random(&generator)
            let before = try lists.made()
            let capacities = lists.resources.map { _ in BitRate(bitsPerSecond: Int64.random(in: 0...1_000_000, using: &generator)) }
            let bounds = lists.demands.map { _ in
                let minimum = Int64.random(in: 0...10_000, using: &generator)
                let most = minimum + Int64.random(in: 0...1_000_000, using: &generator)
                return (minimum: BitRate(bitsPerSecond: minimum), maximum: BitRate(bitsPerSecond: most))
            }
            let changed = try #require(before.with(capacities: capacities, bounds: bounds))
            lists.resources = zip(lists.resources, capacities).map { AllocationResource(kind: $0.kind, id: $0.id, capacity: $1) }
            lists.demands = zip(lists.demands, bounds).map {
                AllocationDemand(
                    id: $0.id, cluster: $0.cluster, resources: $0.resources, minimum: $1.minimum, maximum: $1.maximum, weight: $0.weight, tier: $0.tier)
            }
            let made = try lists.made()
            #expect(changed.resources == made.resources && changed.demands == made.demands && changed.positions == made.positions)
            #expect(changed.tiers == made.tiers && solver.solve(changed) == solver.solve(made))
        }
    }

    @Test func `numbers that no instance may have are bounded, or refused`() throws {
        let instance = try AllocationInstance(
            resources: [AllocationInstanceTests.link], demands: [AllocationInstanceTests.demand("a"), AllocationInstanceTests.demand("b")])
        let most = BitRate(bitsPerSecond: .max)
        let bounded = try #require(instance.with(capacities: [most], bounds: [(most.minus(.maximum), .megabits(1)), (.zero, most)]))
        #expect(bounded.resources[0].capacity == .maximum && bounded.demands[0].minimum == .megabits(1))
        #expect(instance.with(capacities: [.zero], bounds: [(most, most), (.zero, most)]) == nil)
    }
}
