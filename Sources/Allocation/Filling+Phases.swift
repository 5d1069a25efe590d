import Quantities

/// What stands before and behind the filling of tiers: the terms of the two phases, and the result.
extension Filling {
    /// Where all minimums fit together they are all kept, and the terms of the other phase are set; false where they do not.
    mutating func reserveMinimums(_ layout: AllocationLayout) -> Bool {
        Filling.addMinimums(layout, &resources)
        guard layout.capacities.indices.allSatisfy({ resources[$0].residual <= layout.capacities[$0] }) else { return false }
        Filling.setTerms(layout, &terms)
        for resource in layout.capacities.indices {
            resources[resource].residual = layout.capacities[resource] - resources[resource].residual
            resources[resource].used = 0
        }
        return true
    }

    /// Leaves the sums in the residuals; they are below 2¹²⁷.
    private static func addMinimums(_ layout: AllocationLayout, _ resources: inout [ResourceState]) {
        let minimums = layout.minimums.span
        let pathStart = layout.pathStart.span
        let path = layout.path.span
        var resources = resources.mutableSpan
        for resource in 0..<resources.count { resources[resource].residual = 0 }
        for demand in 0..<minimums.count {
            let minimum = minimums[demand]
            if minimum == 0 { continue }
            for entry in Int(pathStart[demand])..<Int(pathStart[demand + 1]) { resources[Int(path[entry])].residual += minimum }
        }
    }

    private static func setTerms(_ layout: AllocationLayout, _ terms: inout [FillTerm]) {
        let minimums = layout.minimums.span
        let maximums = layout.maximums.span
        let weights = layout.weights.span
        var terms = terms.mutableSpan
        for demand in 0..<terms.count {
            terms[demand] = FillTerm(lower: minimums[demand], upper: maximums[demand], weight: weights[demand])
        }
    }

    /// The terms of minimums that do not fit together: they are filled like rates, by their own size.
    mutating func prepareMinimums(_ layout: AllocationLayout) {
        for resource in layout.capacities.indices {
            resources[resource].residual = layout.capacities[resource]
            resources[resource].used = 0
        }
        let weights = layout.minimumWeights
        for demand in layout.minimums.indices {
            rates[demand] = 0
            limits[demand] = Filling.ownBound
            terms[demand] = FillTerm(lower: 0, upper: layout.minimums[demand], weight: weights[demand])
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
        var missing: [Int32: FineRate] = [:]
        for demand in Int(layout.tierStart[tier])..<Int(layout.tierStart[tier + 1]) where limits[demand] != Filling.ownBound {
            missing[limits[demand], default: 0] += layout.minimums[demand] - rates[demand]
        }
        for (resource, fine) in missing.sorted(by: { $0.key < $1.key }) {
            let short = Rounding.shortfall(fine)
            guard short > 0 else { continue }
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
            result.isSaturated[resource] = resources[resource].used == Int64(truncatingIfNeeded: layout.capacities[resource] >> 64)
        }
        for level in result.certificate.levels { result.isSaturated[Int(level.resource)] = true }
    }

    private static func round(_ rates: [FineRate], into bits: inout [Int64]) {
        let rates = rates.span
        var bits = bits.mutableSpan
        for demand in 0..<rates.count { bits[demand] = Int64(Rounding.wholeBits(rates[demand])) }
    }
}
