import Quantities

/// The filling of one instance, minimums first, with memory that is used again.
struct Filling: Sendable {
    private var buffers = FillingBuffers()
    private var certificate = AllocationCertificate()

    /// Answers an instance, the check of the certificate aside.
    mutating func run(_ instance: AllocationInstance, _ result: inout AllocationResult) {
        let layout = instance.layout
        ensure(layout, terms: false)
        certificate.removeAll()
        result.reset(demandCount: layout.demandCount, resourceCount: layout.resourceCount)
        let allMinimumsFit = reserveMinimums(layout)
        if allMinimumsFit {
            result.minimumBits = layout.minimumBits
        } else {
            fillMinimums(instance, &result)
        }
        var filling = TierFilling(layout, buffers, phase: .excess, ownTerms: !allMinimumsFit)
        for (tier, value) in instance.tiers.enumerated() {
            filling.fill(tier, &certificate)
            certificate.closeStep(.excess, tier: value)
        }
        write(to: &result, layout)
    }

    private mutating func ensure(_ layout: AllocationLayout, terms: Bool) {
        guard !isKnownUniquelyReferenced(&buffers) || !buffers.holds(layout, terms: terms) else { return }
        buffers = FillingBuffers(for: layout, terms: terms)
    }

    /// Where all minimums fit together they are all kept; false where they do not. Sums are below 2¹²⁷.
    private func reserveMinimums(_ layout: AllocationLayout) -> Bool {
        let resources = buffers.resources
        for number in 0..<layout.resourceCount {
            resources[number].residual = 0
            resources[number].crumbs = 0
            resources[number].used = 0
        }
        for demand in 0..<layout.demandCount {
            let minimum = layout.terms[demand].lower
            if minimum == 0 { continue }
            for entry in layout.entries(of: demand) { resources[layout.path[entry]].residual &+= minimum }
        }
        for number in 0..<layout.resourceCount where resources[number].residual > layout.capacities[number] { return false }
        for number in 0..<layout.resourceCount { resources[number].residual = layout.capacities[number] - resources[number].residual }
        copyMembers(layout)
        return true
    }

    private func copyMembers(_ layout: AllocationLayout) {
        buffers.members.update(from: layout.member)
    }

    /// Fills minimums that do not fit together like rates, by their own size; what they get is the lower bound of the rates.
    private mutating func fillMinimums(_ instance: AllocationInstance, _ result: inout AllocationResult) {
        let layout = instance.layout
        ensure(layout, terms: true)
        let buffers = buffers
        let weights = layout.minimumWeights
        for demand in 0..<layout.demandCount {
            let term = FillTerm(lower: 0, upper: layout.terms[demand].lower, weight: weights[demand])
            buffers.terms[demand] = term
            buffers.estimates[demand] = FillEstimate(term)
        }
        for number in 0..<layout.resourceCount {
            buffers.resources[number].residual = layout.capacities[number]
            buffers.resources[number].crumbs = 0
            buffers.resources[number].used = 0
        }
        copyMembers(layout)
        var filling = TierFilling(layout, buffers, phase: .minimum, ownTerms: true)
        for (tier, value) in instance.tiers.enumerated() {
            filling.fill(tier, &certificate)
            certificate.closeStep(.minimum, tier: value)
            noteShortfalls(tier, instance, &result)
        }
        prepareExcess(layout, &result)
    }

    private func prepareExcess(_ layout: AllocationLayout, _ result: inout AllocationResult) {
        for demand in 0..<layout.demandCount {
            let minimum = buffers.minimums[demand]
            result.minimumBits[demand] = Int64(Rounding.wholeBits(minimum))
            let term = FillTerm(lower: minimum, upper: layout.terms[demand].upper, weight: layout.terms[demand].weight)
            buffers.terms[demand] = term
            buffers.estimates[demand] = FillEstimate(term)
        }
        for number in 0..<layout.resourceCount { buffers.resources[number].used = 0 }
        copyMembers(layout)
    }

    /// Adds up, for each resource that binds minimums of the tier, what they miss.
    private func noteShortfalls(_ tier: Int, _ instance: AllocationInstance, _ result: inout AllocationResult) {
        let layout = instance.layout
        var missing: [Int32: FineRate] = [:]
        for demand in layout.demands(of: tier) where buffers.limits[demand] != TierFilling.ownBound {
            missing[buffers.limits[demand], default: 0] += layout.terms[demand].lower - buffers.minimums[demand]
        }
        for (resource, fine) in missing.sorted(by: { $0.key < $1.key }) {
            let short = Rounding.shortfall(fine)
            guard short > 0 else { continue }
            result.shortfalls.append(
                AllocationResult.Shortfall(
                    resource: Int(resource), tier: instance.tiers[tier], missing: BitRate(bitsPerSecond: short)))
        }
    }

    /// Hands the rates over, and the certificate in exchange for its used memory.
    private mutating func write(to result: inout AllocationResult, _ layout: AllocationLayout) {
        buffers.rateBits.copy(to: &result.rateBits)
        buffers.limits.copy(to: &result.limits)
        swap(&certificate, &result.certificate)
        for number in 0..<layout.resourceCount {
            let used = buffers.resources[number].used
            result.usedBits[number] = used
            result.isSaturated[number] = used == Int64(truncatingIfNeeded: layout.capacities[number] >> 64)
        }
        for level in result.certificate.levels { result.isSaturated[Int(level.resource)] = true }
    }
}
