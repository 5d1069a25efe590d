public import Quantities

/// Divides one total among a few, weighted max-min: what a site does with the limit of a loop and its workloads.
public enum RateDivision {
    /// A rate for each claim, in their order: `weight × level` held between floor and ceiling, at the one level that uses the total up.
    ///
    /// The sum is never above the total, and less than a bit per second per claim below it, unless the ceilings are reached before
    /// or the floors alone are more: floors are always kept. A ceiling below its floor counts as the floor.
    /// Equal claims get equal rates; the answer does not depend on the order. Weights are positive and only their ratios matter.
    public static func divide(
        total: BitRate, among claims: [(floor: BitRate, ceiling: BitRate, weight: Int64)]
    ) -> [BitRate] {
        precondition(claims.count <= AllocationInstance.maximumDemandCount, "there are more claims than one division holds")
        let terms = claims.map { claim in
            precondition(claim.weight > 0, "the weight of a claim is positive")
            return FillTerm(
                lower: Rounding.fine(UInt64(claim.floor.bitsPerSecond)),
                upper: Rounding.fine(UInt64(max(claim.floor, claim.ceiling).bitsPerSecond)), weight: UInt64(claim.weight))
        }
        let weights = terms.reduce(UInt128(0)) { $0 + UInt128($1.weight) }
        precondition(weights < UInt128(AllocationInstance.maximumSum), "the weights of the claims add up to less than 2^62")
        let floors = claims.reduce(UInt128(0)) { $0 + UInt128($1.floor.bitsPerSecond) }
        guard floors < UInt128(total.bitsPerSecond) else { return claims.map(\.floor) }
        let level = WaterLevel.find(terms, room: Rounding.fine(UInt64(total.bitsPerSecond)))
        return terms.map { BitRate(bitsPerSecond: Int64(Rounding.wholeBits($0.rate(at: level)))) }
    }
}
