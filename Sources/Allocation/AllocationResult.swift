public import Quantities

/// The answer to one instance. Indices are those of the instance's own order.
public struct AllocationResult: Equatable, Sendable {
    /// What keeps a demand from a higher rate.
    public enum Limit: Hashable, Sendable {
        /// It has no use for more.
        case maximum
        /// A resource that is full and on which nobody of its tier who is above its minimum stands at a higher level.
        case resource(Int)
    }

    /// Minimums that did not fit: what the demands of one tier that a resource binds miss in all.
    public struct Shortfall: Hashable, Sendable {
        public let resource: Int
        public let tier: Int
        public let missing: BitRate

        public init(resource: Int, tier: Int, missing: BitRate) {
            self.resource = resource
            self.tier = tier
            self.missing = missing
        }
    }

    /// Empty where every minimum is met.
    public internal(set) var shortfalls: [Shortfall] = []
    public internal(set) var certificate = AllocationCertificate()

    var minimumBits: [Int64] = []
    var rateBits: [Int64] = []
    var limits: [Int32] = []
    var usedBits: [Int64] = []
    var isSaturated: [Bool] = []

    public init() {}

    /// A result as somebody wrote it down: to be checked before it is believed. `limits` holds nil for a demand's own maximum.
    package init(
        minimums: [BitRate], rates: [BitRate], limits: [Int?], used: [BitRate], saturated: [Bool], shortfalls: [Shortfall],
        certificate: AllocationCertificate
    ) {
        precondition(minimums.count == rates.count && limits.count == rates.count && used.count == saturated.count)
        minimumBits = minimums.map(\.bitsPerSecond)
        rateBits = rates.map(\.bitsPerSecond)
        self.limits = limits.map { $0.map(Int32.init) ?? TierFilling.ownBound }
        usedBits = used.map(\.bitsPerSecond)
        isSaturated = saturated
        self.shortfalls = shortfalls
        self.certificate = certificate
    }

    /// Whether every minimum is met. Where not, each tier's minimums are met in proportion, the most important first.
    public var isFeasible: Bool { shortfalls.isEmpty }
    public var demandCount: Int { rateBits.count }
    public var resourceCount: Int { usedBits.count }

    /// The part of the minimum that is guaranteed: all of it in a feasible instance.
    public func minimum(of demand: Int) -> BitRate { BitRate(bitsPerSecond: minimumBits[demand]) }
    public func rate(of demand: Int) -> BitRate { BitRate(bitsPerSecond: rateBits[demand]) }
    public func limit(of demand: Int) -> Limit {
        limits[demand] == TierFilling.ownBound ? .maximum : .resource(Int(limits[demand]))
    }
    /// The sum of the rates that cross a resource; never above its capacity.
    public func used(of resource: Int) -> BitRate { BitRate(bitsPerSecond: usedBits[resource]) }
    /// Whether nobody could get a whole bit more of it: what rounding down leaves does not count as room.
    public func isSaturated(_ resource: Int) -> Bool { isSaturated[resource] }

    mutating func reset(demandCount: Int, resourceCount: Int) {
        shortfalls.removeAll(keepingCapacity: true)
        if rateBits.count != demandCount {
            minimumBits = [Int64](repeating: 0, count: demandCount)
            rateBits = minimumBits
            limits = [Int32](repeating: 0, count: demandCount)
        }
        if usedBits.count != resourceCount {
            usedBits = [Int64](repeating: 0, count: resourceCount)
            isSaturated = [Bool](repeating: false, count: resourceCount)
        }
        for resource in 0..<resourceCount {
            usedBits[resource] = 0
            isSaturated[resource] = false
        }
    }
}
