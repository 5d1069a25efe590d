import Quantities

/// What stands before and behind the filling of tiers: the terms of the two phases, and the result.
extension Filling {
    /// Where all minimums fit together they are all kept, and the terms of the other phase are set; false where they do not.
    mutating func reserveMinimums(_ layout: AllocationLayout) -> Bool {
        Filling.addMinimums(layout, &resources)
        guard layout.capacities.indices.allSatisfy({ UInt64(resources[$0].used) <= layout.capacities[$0] }) else { return false }
        Filling.setTerms(layout, &terms)
        for resource in layout.capacities.indices {
            resources[resource].residual = Rounding.fine(layout.capacities[resource] - UInt64(resources[resource].used))
            resources[resource].used = 0
        }
        return true
    }

    private static func addMinimums(_ layout: AllocationLayout, _ resources: inout [ResourceState]) {
        let minimums = layout.minimums.span
        let pathStart = layout.pathStart.span
        let path = layout.path.span
        var resources = resources.mutableSpan
        for resource in 0..<resources.count { resources[resource].used = 0 }
        for demand in 0..<minimums.count {
            let minimum = Int64(minimums[demand])
            if minimum == 0 { continue }
            for entry in Int(pathStart[demand])..<Int(pathStart[demand + 1]) { resources[Int(path[entry])].used += minimum }
        }
    }

    private static func setTerms(_ layout: AllocationLayout, _ terms: inout [FillTerm]) {
        let minimums = layout.minimums.span
        let maximums = layout.maximums.span
        let weights = layout.weights.span
        var terms = terms.mutableSpan
        for demand in 0..<terms.count {
            terms[demand] = FillTerm(lower: Rounding.fine(minimums[demand]), upper: maximums[demand], weight: weights[demand])
        }
    }

    /// The terms of minimums that do not fit together: they are filled like rates, by their own size.
    mutating func prepareMinimums(_ layout: AllocationLayout) {
        for resource in layout.capacities.indices {
            resources[resource].residual = Rounding.fine(layout.capacities[resource])
        }
        for demand in layout.minimums.indices {
            rates[demand] = 0
            limits[demand] = Filling.ownBound
            terms[demand] = FillTerm(lower: 0, upper: layout.minimums[demand], weight: layout.minimums[demand])
        }
    }

    /// After minimums that did not fit together: what they got is the lower bound of the rates.
    mutating func prepareExcess(_ layout: AllocationLayout) {
        for demand in layout.minimums.indices {
            terms[demand] = FillTerm(lower: rates[demand], upper: layout.maximums[demand], weight: layout.weights[demand])
        }
        for resource in layout.capacities.indices { resources[resource].used = 0 }
    }

    /// Adds up, for each resource that binds minimums of the tier, what they miss.
    func noteShortfalls(_ tier: Int, _ instance: AllocationInstance, _ result: inout AllocationResult) {
        let layout = instance.layout
        var missing: [Int32: Int64] = [:]
        for demand in Int(layout.tierStart[tier])..<Int(layout.tierStart[tier + 1]) where limits[demand] != Filling.ownBound {
            missing[limits[demand], default: 0] += Int64(layout.minimums[demand] - Rounding.wholeBits(rates[demand]))
        }
        for (resource, short) in missing.sorted(by: { $0.key < $1.key }) where short > 0 {
            result.shortfalls.append(
                AllocationResult.Shortfall(
                    resource: Int(resource), tier: instance.tiers[tier], missing: BitRate(bitsPerSecond: short)))
        }
    }

    /// Rounds every rate down, once, and hands the certificate over in exchange for its used buffers.
    mutating func write(to result: inout AllocationResult, _ layout: AllocationLayout) {
        Filling.round(rates, into: &result.rateBits)
        swap(&limits, &result.limits)
        swap(&certificate, &result.certificate)
        for resource in resources.indices {
            result.usedBits[resource] = resources[resource].used
            result.isSaturated[resource] = resources[resource].used == Int64(layout.capacities[resource])
        }
        for level in result.certificate.levels { result.isSaturated[Int(level.resource)] = true }
    }

    private static func round(_ rates: [FineRate], into bits: inout [Int64]) {
        let rates = rates.span
        var bits = bits.mutableSpan
        for demand in 0..<rates.count { bits[demand] = Int64(Rounding.wholeBits(rates[demand])) }
    }
}
