import Allocation
import Quantities
import Testing

@Suite struct ShareReasonTests {
    private static func demand(
        _ id: String, _ resources: [Int], minimum: Int64 = 0, maximum: Int64? = nil, weight: Int64 = 1, tier: Int = 0
    ) -> AllocationDemand {
        AllocationDemand(
            id: id, cluster: "c", resources: resources, minimum: .megabits(minimum), maximum: maximum.map(BitRate.megabits), weight: weight,
            tier: tier)
    }
    private static func link(_ id: String, _ megabits: Int64) -> AllocationResource {
        AllocationResource(kind: .link, id: id, capacity: .megabits(megabits))
    }

    @Test func `a share names what binds it, what is next, what a megabit is worth, and who would lose`() throws {
        // a and b share wan (90) one to two; c is alone behind it on lan with what a leaves.
        let instance = try AllocationInstance(
            resources: [ShareReasonTests.link("lan", 100), ShareReasonTests.link("wan", 90)],
            demands: [
                ShareReasonTests.demand("a", [0, 1], weight: 1), ShareReasonTests.demand("b", [1], weight: 2),
                ShareReasonTests.demand("c", [0]),
            ])
        var solver = AllocationSolver()
        let result = solver.solve(instance)
        #expect(result.rateBitsList == [30_000_000, 60_000_000, 70_000_000])
        let reason = solver.reason(for: 0, in: instance, result)
        #expect(reason.limit == .resource(1))
        #expect(!reason.isAtMinimum)
        #expect(reason.next == .init(limit: .resource(0), rate: .megabits(30)))
        #expect(reason.ownMarginal == 333_333)
        #expect(
            reason.marginal == [
                .init(demand: 0, bitsPerSecond: 333_333), .init(demand: 1, bitsPerSecond: 666_666), .init(demand: 2, bitsPerSecond: -333_334),
            ])
        #expect(reason.losers == [.init(demand: 1, bitsPerSecond: -1_000_000), .init(demand: 2, bitsPerSecond: -1_000_000)])
    }

    @Test func `a share at its own maximum has no marginal value and nobody would lose`() throws {
        let instance = try AllocationInstance(
            resources: [ShareReasonTests.link("wan", 90)],
            demands: [ShareReasonTests.demand("a", [0], maximum: 10), ShareReasonTests.demand("b", [0], maximum: 40)])
        var solver = AllocationSolver()
        let result = solver.solve(instance)
        let reason = solver.reason(for: 0, in: instance, result)
        #expect(reason.limit == .maximum && reason.rate == .megabits(10))
        #expect(reason.next == .init(limit: .resource(0), rate: .megabits(50)))
        #expect(reason.marginal.isEmpty && reason.losers.isEmpty && reason.ownMarginal == 0)
    }

    @Test func `room that lower tiers hold above their minimums counts as reachable`() throws {
        let instance = try AllocationInstance(
            resources: [ShareReasonTests.link("wan", 100)],
            demands: [ShareReasonTests.demand("a", [0], maximum: 20), ShareReasonTests.demand("z", [0], minimum: 5, tier: 1)])
        var solver = AllocationSolver()
        let result = solver.solve(instance)
        #expect(result.rateBitsList == [20_000_000, 80_000_000])
        #expect(result.nextLimit(of: 0, in: instance) == .init(limit: .resource(0), rate: .megabits(95)))
        #expect(result.nextLimit(of: 1, in: instance) == nil)
    }

    @Test func `a share held up by its minimum says so`() throws {
        let instance = try AllocationInstance(
            resources: [ShareReasonTests.link("wan", 100)],
            demands: [ShareReasonTests.demand("a", [0], minimum: 90), ShareReasonTests.demand("b", [0])])
        var solver = AllocationSolver()
        let result = solver.solve(instance)
        #expect(result.rateBitsList == [90_000_000, 10_000_000])
        let reason = solver.reason(for: 0, in: instance, result)
        #expect(reason.isAtMinimum && reason.limit == .resource(0))
        #expect(reason.ownMarginal == 0)
        #expect(reason.losers == [.init(demand: 1, bitsPerSecond: -1_000_000)])
    }
}
