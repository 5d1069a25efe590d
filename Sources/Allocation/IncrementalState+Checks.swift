import Quantities

/// What changes are possible.
extension IncrementalState {
    /// Whether a change is possible; the first reason why not.
    func check(_ change: AllocationChange) throws(AllocationChangeError) {
        switch change {
        case .minimum(let id, let rate):
            let slot = try slot(id)
            guard Rounding.fine(rate.bitsPerSecond, fraction: 0) <= slot.term.upper else { throw IncrementalState.boundsCross(id) }
            try checkSums(minimum: rate, in: slot)
        case .maximum(let id, let rate):
            let slot = try slot(id)
            if let rate, slot.term.lower > Rounding.fine(rate.bitsPerSecond, fraction: 0) { throw IncrementalState.boundsCross(id) }
        case .weight(let id, let weight): try checkSums(weight: weight, in: try slot(id))
        case .tier(let id, let tier):
            _ = try slot(id)
            guard tier >= 0 else { throw AllocationChangeError(.negativeTier, "the tier must be 0 or above") }
        case .remove(let id): _ = try slot(id)
        case .add(let demand): try check(demand)
        case .capacity(let kind, let id, let capacity):
            guard resourceIndex[kind]?[id] != nil else {
                throw AllocationChangeError(.unknownResource, "there is no \(kind.rawValue) \"\(id)\"")
            }
            guard capacity <= .maximum else {
                throw AllocationChangeError(.capacityTooLarge, "the capacity is above \(BitRate.maximum), the most believed")
            }
        }
    }

    private func slot(_ id: String) throws(AllocationChangeError) -> Slot {
        guard let slot = indices[id] else { throw AllocationChangeError(.unknownDemand, "there is no demand \"\(id)\"") }
        return slots[slot]
    }

    private static func boundsCross(_ id: String) -> AllocationChangeError {
        AllocationChangeError(.minimumAboveMaximum, "the minimum of \"\(id)\" would be above its maximum")
    }

    private func checkSums(weight: Int64? = nil, minimum: BitRate? = nil, in slot: Slot?) throws(AllocationChangeError) {
        if let weight {
            guard weight > 0 else { throw AllocationChangeError(.weightNotPositive, "the weight must be above 0") }
            guard weightSum - (slot?.term.weight ?? 0) + UInt64(weight) < AllocationInstance.maximumSum else {
                throw AllocationChangeError(.weightsTooLarge, "the weights add up to more than 2^62 millionths")
            }
        }
        if let minimum {
            guard minimumSum - UInt64((slot?.term.lower ?? 0) >> 64) + UInt64(minimum.bitsPerSecond) < AllocationInstance.maximumSum else {
                throw AllocationChangeError(.minimumsTooLarge, "the minimums add up to more than 2^62 bit/s")
            }
        }
    }

    private func check(_ demand: AllocationDemand) throws(AllocationChangeError) {
        guard indices[demand.id] == nil else { throw AllocationChangeError(.duplicateID, "the id \"\(demand.id)\" stands twice") }
        guard indices.count < AllocationInstance.maximumDemandCount else {
            throw AllocationChangeError(.tooManyDemands, "there are \(indices.count) demands already")
        }
        guard demand.tier >= 0 else { throw AllocationChangeError(.negativeTier, "the tier must be 0 or above") }
        guard !demand.resources.isEmpty else {
            throw AllocationChangeError(.noResource, "it crosses no link and names no budget, so nothing bounds it")
        }
        guard demand.resources.allSatisfy(resources.indices.contains) else {
            throw AllocationChangeError(.unknownResource, "the demand \"\(demand.id)\" crosses a resource that does not exist")
        }
        guard Set(demand.resources).count == demand.resources.count else {
            throw AllocationChangeError(.repeatedResource, "the demand \"\(demand.id)\" crosses a resource twice")
        }
        if let maximum = demand.maximum, (demand.minimum, demand.minimumFraction) > (maximum, demand.maximumFraction) {
            throw IncrementalState.boundsCross(demand.id)
        }
        try checkSums(weight: demand.weight, minimum: demand.minimum, in: nil)
    }
}
