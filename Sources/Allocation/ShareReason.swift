public import Quantities

/// Why one demand has the rate it has, and what would move it: facts only, the sentence is made elsewhere.
public struct ShareReason: Equatable, Sendable {
    /// How one demand's rate would move, in bit/s.
    public struct Change: Hashable, Sendable {
        public let demand: Int
        public let bitsPerSecond: Int64

        public init(demand: Int, bitsPerSecond: Int64) {
            self.demand = demand
            self.bitsPerSecond = bitsPerSecond
        }
    }
    /// What would bind if the present limit were gone, and the rate that the demand would then have with all others as they are.
    public struct NextLimit: Hashable, Sendable {
        public let limit: AllocationResult.Limit
        public let rate: BitRate

        public init(limit: AllocationResult.Limit, rate: BitRate) {
            self.limit = limit
            self.rate = rate
        }
    }

    /// The step for which marginal values are told: 1 Mbit/s.
    public static let step = BitRate.megabits(1)

    public let demand: Int
    public let rate: BitRate
    public let limit: AllocationResult.Limit
    /// It has no more than its minimum: others of its tier stand lower per weight.
    public let isAtMinimum: Bool
    /// Nil where its own maximum binds and nothing else would.
    public let next: NextLimit?
    /// Whose rates move, and how far, if the binding resource had 1 Mbit/s more; empty where the own maximum binds.
    public let marginal: [Change]
    /// Who would lose, and how much, if this demand were guaranteed 1 Mbit/s more (or as much as its maximum allows).
    public let losers: [Change]

    /// What this demand itself would gain from 1 Mbit/s more on what binds it, in bit/s.
    public var ownMarginal: Int64 { marginal.first { $0.demand == demand }?.bitsPerSecond ?? 0 }
}

extension AllocationSolver {
    /// Explains one share, exactly: the marginal values come from solving again, so this costs two solves.
    public mutating func reason(
        for demand: Int, in instance: AllocationInstance, _ result: AllocationResult
    ) -> ShareReason {
        let limit = result.limit(of: demand)
        let rate = result.rate(of: demand)
        var marginal: [ShareReason.Change] = []
        if case .resource(let resource) = limit { marginal = changes(moreOn: resource, in: instance, result) }
        return ShareReason(
            demand: demand, rate: rate, limit: limit,
            isAtMinimum: limit != .maximum && rate == result.minimum(of: demand),
            next: result.nextLimit(of: demand, in: instance), marginal: marginal,
            losers: losers(to: demand, in: instance, result))
    }

    /// Whose rates move, and how far, if one resource had 1 Mbit/s more: the link's marginal value, demand by demand.
    public mutating func changes(
        moreOn resource: Int, in instance: AllocationInstance, _ result: AllocationResult
    ) -> [ShareReason.Change] {
        let capacity = instance.resources[resource].capacity + ShareReason.step
        return AllocationSolver.changes(from: result, to: solve(instance.with(capacity: capacity, of: resource)))
    }

    private mutating func losers(
        to demand: Int, in instance: AllocationInstance, _ result: AllocationResult
    ) -> [ShareReason.Change] {
        let wanted = instance.with(minimum: result.rate(of: demand) + ShareReason.step, of: demand)
        guard wanted.demands[demand].minimum > result.rate(of: demand) else { return [] }
        return AllocationSolver.changes(from: result, to: solve(wanted)).filter { $0.bitsPerSecond < 0 && $0.demand != demand }
    }

    /// A move of one bit per second is rounding, not a change.
    private static func changes(from before: AllocationResult, to after: AllocationResult) -> [ShareReason.Change] {
        (0..<before.demandCount).compactMap { demand in
            let change = after.rate(of: demand).bitsPerSecond - before.rate(of: demand).bitsPerSecond
            return abs(change) > 1 ? ShareReason.Change(demand: demand, bitsPerSecond: change) : nil
        }
    }
}

extension AllocationResult {
    /// The lowest of the other limits on a demand's way: what each other resource could give it from room that is free or that
    /// lower tiers hold above their minimums, and its own maximum.
    public func nextLimit(of demand: Int, in instance: AllocationInstance) -> ShareReason.NextLimit? {
        let present = limit(of: demand)
        let own = instance.demands[demand]
        var next: ShareReason.NextLimit?
        func offer(_ limit: Limit, _ reach: BitRate) {
            if limit != present && reach < next?.rate ?? BitRate(bitsPerSecond: .max) { next = .init(limit: limit, rate: reach) }
        }
        for resource in own.resources {
            var room = instance.resources[resource].capacity.bitsPerSecond
            for other in instance.members(of: resource) where other != demand {
                room -= instance.demands[other].tier > own.tier ? minimumBits[other] : rateBits[other]
            }
            offer(.resource(resource), BitRate(bitsPerSecond: max(room, rateBits[demand])))
        }
        if let maximum = own.maximum { offer(.maximum, maximum) }
        return next
    }
}

extension AllocationInstance {
    /// The demands that cross a resource, in order.
    public func members(of resource: Int) -> some Sequence<Int> {
        (Int(layout.memberStart[resource])..<Int(layout.memberStart[resource + 1])).lazy.map { [layout] in Int(layout.member[$0]) }
    }
}
