import Quantities

extension AllocationCertificate {
    /// Checks that a result is the answer to an instance, in time linear in both. Throws the first thing that is wrong.
    ///
    /// Rates are computed again from the certificate's levels, so a rate that is off by a single bit per second is refused; the
    /// levels are held against the capacities, so levels that prove nothing are refused too.
    public static func verify(_ instance: AllocationInstance, _ result: AllocationResult) throws(CertificateViolation) {
        var check = CertificateCheck()
        try check.run(instance, result)
    }
}

/// One pass over a certificate, with memory that is used again. Sums are held against capacities at each step, because levels
/// may come from anybody.
///
/// Levels stand lowest first, which is checked; so the lowest level on a path is the one of the lowest rank.
struct CertificateCheck: Sendable {
    private var buffers = CheckBuffers()
    /// The entries of the certificate whose levels are in place.
    private var loaded = 0..<0

    mutating func run(_ instance: AllocationInstance, _ result: AllocationResult) throws(CertificateViolation) {
        try CertificateCheck.checkShape(instance, result)
        let steps = result.certificate.steps
        let firstExcess = steps.firstIndex { $0.phase == .excess } ?? steps.count
        reset(instance, holdsLowers: firstExcess > 0)
        if firstExcess == 0 {
            try reserveMinimums(instance, result)
        } else {
            try fillMinimums(instance, result, end: firstExcess)
        }
        var next = firstExcess
        for tier in instance.tiers.indices {
            let isStep = try load(&next, before: steps.count, tier: instance.tiers[tier], instance, result.certificate)
            try checkRates(of: tier, instance, result, hasLowers: firstExcess > 0)
            if isStep { try checkFull(next - 1, instance, result.certificate) }
        }
        guard next == steps.count else { throw CertificateCheck.orderViolation }
        try checkTotals(instance, result)
    }

    private static func checkShape(_ instance: AllocationInstance, _ result: AllocationResult) throws(CertificateViolation) {
        guard result.demandCount == instance.demands.count, result.resourceCount == instance.resources.count else {
            throw CertificateViolation(.shape, "the result is of another instance: the numbers of demands or resources differ")
        }
        let certificate = result.certificate
        var begin = 0
        for step in certificate.steps {
            guard begin < step.end, step.end <= certificate.levels.count else {
                throw CertificateViolation(.shape, "a step of the certificate holds no level")
            }
            begin = step.end
        }
        let known = 0..<Int32(instance.resources.count)
        guard begin == certificate.levels.count, certificate.levels.allSatisfy({ known.contains($0.resource) }) else {
            throw CertificateViolation(.shape, "the certificate holds a level outside its steps or of no resource")
        }
    }

    private static var orderViolation: CertificateViolation {
        CertificateViolation(.shape, "the certificate's steps are not the instance's tiers in order, minimums first")
    }

    private mutating func reset(_ instance: AllocationInstance, holdsLowers: Bool) {
        let count = instance.resources.count
        let lowerCount = holdsLowers ? instance.demands.count : 0
        if !isKnownUniquelyReferenced(&buffers) || buffers.resources.count != count || buffers.lowers.count < lowerCount {
            buffers = CheckBuffers(resources: count, lowers: lowerCount)
        }
        buffers.resources.fill(CheckedResource(), 0..<count)
        buffers.ranks.fill(CheckBuffers.unranked, 0..<count)
        loaded = 0..<0
    }

    /// All minimums together.
    private func reserveMinimums(_ instance: AllocationInstance, _ result: AllocationResult) throws(CertificateViolation) {
        guard result.isFeasible else {
            throw CertificateViolation(.feasibility, "the result says infeasible, and its certificate binds no minimum")
        }
        let layout = instance.layout
        let resources = buffers.resources
        let minimums = result.minimumBits.span
        for demand in 0..<layout.demandCount {
            let minimum = layout.terms[demand].lower
            guard minimums[demand] == Int64(truncatingIfNeeded: Rounding.wholeBits(minimum)) else {
                throw CertificateCheck.minimumViolation(demand, minimum, instance, result)
            }
            if minimum == 0 { continue }
            for entry in layout.entries(of: demand) { resources[layout.path[entry]].used &+= minimum }
        }
        for resource in 0..<layout.resourceCount where resources[resource].used > layout.capacities[resource] {
            throw CertificateCheck.overuse(resource, instance)
        }
    }

    /// The minimums of each tier by the certificate's levels, and what they miss.
    private mutating func fillMinimums(
        _ instance: AllocationInstance, _ result: AllocationResult, end: Int
    ) throws(CertificateViolation) {
        let layout = instance.layout
        var next = 0
        var shortfalls: [AllocationResult.Shortfall] = []
        let weights = layout.minimumWeights
        for tier in instance.tiers.indices {
            let isStep = try load(&next, before: end, tier: instance.tiers[tier], instance, result.certificate)
            var missing: [Int: FineRate] = [:]
            for demand in layout.demands(of: tier) {
                let minimum = layout.terms[demand].lower
                let (level, lowest) = lowestLevel(layout, demand, result.certificate)
                let rate = FillTerm(lower: 0, upper: minimum, weight: weights[demand]).rate(at: level)
                buffers.lowers[demand] = rate
                guard Int64(truncatingIfNeeded: Rounding.wholeBits(rate)) == result.minimumBits[demand] else {
                    throw CertificateCheck.minimumViolation(demand, rate, instance, result)
                }
                if rate < minimum, lowest >= 0 { missing[Int(lowest), default: 0] += minimum - rate }
                for entry in layout.entries(of: demand) { try take(rate, on: Int(layout.path[entry]), instance) }
            }
            for (resource, fine) in missing.sorted(by: { $0.key < $1.key }) {
                let short = Rounding.shortfall(fine)
                guard short > 0 else { continue }
                shortfalls.append(
                    AllocationResult.Shortfall(resource: resource, tier: instance.tiers[tier], missing: BitRate(bitsPerSecond: short)))
            }
            if isStep { try checkFull(next - 1, instance, result.certificate) }
        }
        guard next == end else { throw CertificateCheck.orderViolation }
        guard shortfalls == result.shortfalls else {
            throw CertificateViolation(.feasibility, "the minimums that are not met miss something else than the result says")
        }
    }

    private func checkRates(
        of tier: Int, _ instance: AllocationInstance, _ result: AllocationResult, hasLowers: Bool
    ) throws(CertificateViolation) {
        let layout = instance.layout
        let resources = buffers.resources
        let rates = result.rateBits.span
        let limits = result.limits.span
        for demand in layout.demands(of: tier) {
            let (level, lowest) = lowestLevel(layout, demand, result.certificate)
            var term = layout.terms[demand]
            if hasLowers { term.lower = buffers.lowers[demand] }
            let rate = lowest < 0 ? term.upper : term.rate(at: level)
            let bits = Int64(truncatingIfNeeded: Rounding.wholeBits(rate))
            let limit = rate == term.upper ? TierFilling.ownBound : lowest
            guard bits == rates[demand], limit == limits[demand] else {
                throw CertificateCheck.rateViolation(demand, rate, limit, instance, result)
            }
            let gain = rate - term.lower
            var isTooMuch = false
            for entry in layout.entries(of: demand) {
                let number = Int(layout.path[entry])
                let (sum, overflow) = resources[number].used.addingReportingOverflow(gain)
                resources[number].used = sum
                resources[number].wholeUsed &+= bits
                isTooMuch = isTooMuch || overflow
            }
            if isTooMuch { throw CertificateCheck.overuse(Int(layout.path[layout.entries(of: demand).lowerBound]), instance) }
        }
        for index in layout.segments(of: tier) {
            let number = Int(layout.segments[index].resource)
            if resources[number].used > layout.capacities[number] { throw CertificateCheck.overuse(number, instance) }
        }
    }

    /// The lowest level on a path and the first resource that has it.
    @inline(__always)
    private func lowestLevel(
        _ layout: AllocationLayout, _ demand: Int, _ certificate: borrowing AllocationCertificate
    ) -> (FillLevel, Int32) {
        var lowest = CheckBuffers.unranked
        for entry in layout.entries(of: demand) { lowest = min(lowest, buffers.ranks[layout.path[entry]]) }
        guard lowest != CheckBuffers.unranked else { return (.unbounded, TierFilling.ownBound) }
        let entry = certificate.levels[Int(lowest)]
        return (entry.level, entry.resource)
    }

    private func take(_ rate: FineRate, on resource: Int, _ instance: AllocationInstance) throws(CertificateViolation) {
        let sum = buffers.resources[resource].used + rate
        if sum > instance.layout.capacities[resource] { throw CertificateCheck.overuse(resource, instance) }
        buffers.resources[resource].used = sum
    }

    /// Puts the levels of the next step in place if it is the tier's; clears those of the step before.
    private mutating func load(
        _ next: inout Int, before end: Int, tier: Int, _ instance: AllocationInstance, _ certificate: AllocationCertificate
    ) throws(CertificateViolation) -> Bool {
        for entry in loaded { buffers.ranks[certificate.levels[entry].resource] = CheckBuffers.unranked }
        loaded = 0..<0
        guard next < end, certificate.steps[next].tier == tier else { return false }
        loaded = CertificateCheck.range(next, certificate)
        for entry in loaded {
            let bound = certificate.levels[entry]
            let resource = Int(bound.resource)
            guard buffers.ranks[resource] == CheckBuffers.unranked, bound.level != .unbounded else {
                throw CertificateViolation(.shape, "\(CertificateCheck.name(resource, instance)) has two levels in tier \(tier)")
            }
            if entry > loaded.lowerBound, !CertificateCheck.ascends(certificate.levels[entry - 1], bound) {
                throw CertificateViolation(.shape, "the levels of tier \(tier) do not stand lowest first")
            }
            buffers.ranks[resource] = Int32(entry)
            buffers.resources[resource].hasLevel = true
        }
        next += 1
        return true
    }

    private static func ascends(_ one: AllocationCertificate.ResourceLevel, _ next: AllocationCertificate.ResourceLevel) -> Bool {
        one.level == next.level ? one.resource < next.resource : one.level < next.level
    }

    private static func range(_ step: Int, _ certificate: AllocationCertificate) -> Range<Int> {
        (step == 0 ? 0 : certificate.steps[step - 1].end)..<certificate.steps[step].end
    }

    /// A resource with a level has no room left but what rounding down leaves: less than 2⁻³⁹ bit/s.
    private func checkFull(
        _ step: Int, _ instance: AllocationInstance, _ certificate: AllocationCertificate
    ) throws(CertificateViolation) {
        for entry in CertificateCheck.range(step, certificate) {
            let resource = Int(certificate.levels[entry].resource)
            let members = instance.layout.memberStart[resource + 1] - instance.layout.memberStart[resource]
            guard instance.layout.capacities[resource] - buffers.resources[resource].used <= FineRate(members) + Rounding.crumbs else {
                throw CertificateViolation(
                    .saturation,
                    "\(CertificateCheck.name(resource, instance)) has a level in tier \(certificate.steps[step].tier) and is not full")
            }
        }
    }

    private func checkTotals(_ instance: AllocationInstance, _ result: AllocationResult) throws(CertificateViolation) {
        for resource in 0..<instance.resources.count {
            let state = buffers.resources[resource]
            let capacity = Int64(truncatingIfNeeded: instance.layout.capacities[resource] >> 64)
            guard state.wholeUsed <= capacity else { throw CertificateCheck.overuse(resource, instance) }
            guard state.wholeUsed == result.usedBits[resource] else {
                throw CertificateViolation(
                    .usage, "\(CertificateCheck.name(resource, instance)) carries \(state.wholeUsed) bit/s, not \(result.usedBits[resource])")
            }
            let isFull = state.hasLevel || state.wholeUsed == capacity
            guard isFull == result.isSaturated[resource] else {
                throw CertificateViolation(.usage, "\(CertificateCheck.name(resource, instance)) is \(isFull ? "" : "not ")saturated")
            }
        }
    }

    // MARK: - What is said

    private static func name(_ resource: Int, _ instance: AllocationInstance) -> String {
        "the \(instance.resources[resource].kind.rawValue) \"\(instance.resources[resource].id)\""
    }

    private static func overuse(_ resource: Int, _ instance: AllocationInstance) -> CertificateViolation {
        CertificateViolation(.capacity, "\(name(resource, instance)) carries more than its capacity")
    }

    private static func minimumViolation(
        _ demand: Int, _ rate: FineRate, _ instance: AllocationInstance, _ result: AllocationResult
    ) -> CertificateViolation {
        CertificateViolation(
            .minimum,
            "the minimum of demand \"\(instance.demands[demand].id)\" is \(Rounding.wholeBits(rate)) bit/s, not \(result.minimumBits[demand])")
    }

    private static func rateViolation(
        _ demand: Int, _ rate: FineRate, _ limit: Int32, _ instance: AllocationInstance, _ result: AllocationResult
    ) -> CertificateViolation {
        let id = instance.demands[demand].id
        guard Int64(Rounding.wholeBits(rate)) == result.rateBits[demand] else {
            return CertificateViolation(
                .rate, "the rate of demand \"\(id)\" is \(Rounding.wholeBits(rate)) bit/s, not \(result.rateBits[demand])")
        }
        let bound = limit == TierFilling.ownBound ? "its maximum" : name(Int(limit), instance)
        return CertificateViolation(.limit, "demand \"\(id)\" is bound by \(bound)")
    }
}
