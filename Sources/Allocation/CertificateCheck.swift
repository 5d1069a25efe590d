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

/// One pass over a certificate, with buffers that are used again. Sums are held against capacities at each step, because levels
/// may come from anybody.
struct CertificateCheck: Sendable {
    private struct ResourceState: Sendable {
        /// In the step at hand; `.unbounded` where the certificate has none.
        var level = FillLevel.unbounded
        /// Rates of the tiers so far and lower bounds of the others.
        var used: FineRate = 0
        /// Rates in whole bit/s.
        var wholeUsed: Int64 = 0
        var capacity: FineRate = 0
        var hasLevel = false
    }

    private var resources: [ResourceState] = []
    /// Minimums as far as they fit; empty where all of them do.
    private var lowers: [FineRate] = []
    /// The entries of the certificate whose levels are in place.
    private var loaded = 0..<0

    mutating func run(_ instance: AllocationInstance, _ result: AllocationResult) throws(CertificateViolation) {
        try CertificateCheck.checkShape(instance, result)
        reset(instance)
        let steps = result.certificate.steps
        let firstExcess = steps.firstIndex { $0.phase == .excess } ?? steps.count
        if firstExcess == 0 {
            try CertificateCheck.reserveMinimums(instance, result, &resources)
        } else {
            try fillMinimums(instance, result, end: firstExcess)
        }
        var next = firstExcess
        for tier in instance.tiers.indices {
            let isStep = try load(&next, before: steps.count, tier: instance.tiers[tier], instance, result.certificate)
            try CertificateCheck.checkRates(of: tier, instance, result, lowers: lowers, &resources)
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

    private mutating func reset(_ instance: AllocationInstance) {
        let capacities = instance.layout.capacities
        if resources.count != capacities.count { resources = [ResourceState](repeating: ResourceState(), count: capacities.count) }
        for resource in capacities.indices {
            resources[resource] = ResourceState()
            resources[resource].capacity = capacities[resource]
        }
        lowers.removeAll(keepingCapacity: true)
        loaded = 0..<0
    }

    /// All minimums together.
    private static func reserveMinimums(
        _ instance: AllocationInstance, _ result: AllocationResult, _ resources: inout [ResourceState]
    ) throws(CertificateViolation) {
        guard result.isFeasible else {
            throw CertificateViolation(.feasibility, "the result says infeasible, and its certificate binds no minimum")
        }
        let layout = instance.layout
        let path = layout.path.span
        var resources = resources.mutableSpan
        for demand in layout.minimums.indices {
            let minimum = layout.minimums[demand]
            guard result.minimumBits[demand] == Int64(Rounding.wholeBits(minimum)) else {
                throw CertificateCheck.minimumViolation(demand, minimum, instance, result)
            }
            if minimum == 0 { continue }
            for entry in Int(layout.pathStart[demand])..<Int(layout.pathStart[demand + 1]) {
                let resource = Int(path[entry])
                resources[resource].used += minimum
                if resources[resource].used > resources[resource].capacity { throw CertificateCheck.overuse(resource, instance) }
            }
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
            for demand in CertificateCheck.members(of: tier, layout) {
                let minimum = layout.minimums[demand]
                let entries = Int(layout.pathStart[demand])..<Int(layout.pathStart[demand + 1])
                let (level, lowest) = CertificateCheck.lowestLevel(layout.path, entries, resources)
                let rate = FillTerm(lower: 0, upper: minimum, weight: weights[demand]).rate(at: level)
                lowers.append(rate)
                let bits = Rounding.wholeBits(rate)
                guard Int64(bits) == result.minimumBits[demand] else {
                    throw CertificateCheck.minimumViolation(demand, rate, instance, result)
                }
                if rate < minimum, lowest >= 0 { missing[Int(lowest), default: 0] += minimum - rate }
                for entry in entries { try take(rate, on: Int(layout.path[entry]), instance) }
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

    private static func checkRates(
        of tier: Int, _ instance: AllocationInstance, _ result: AllocationResult, lowers: [FineRate],
        _ resources: inout [ResourceState]
    ) throws(CertificateViolation) {
        let layout = instance.layout
        let path = layout.path.span
        let rates = result.rateBits.span
        let limits = result.limits.span
        var resources = resources.mutableSpan
        for demand in CertificateCheck.members(of: tier, layout) {
            let entries = Int(layout.pathStart[demand])..<Int(layout.pathStart[demand + 1])
            let (level, lowest) = CertificateCheck.lowestLevel(path, entries, resources)
            let term = FillTerm(
                lower: lowers.isEmpty ? layout.minimums[demand] : lowers[demand], upper: layout.maximums[demand],
                weight: layout.weights[demand])
            let rate = term.rate(at: level)
            let bits = Int64(Rounding.wholeBits(rate))
            let limit = rate == term.upper ? Filling.ownBound : lowest
            guard bits == rates[demand], limit == limits[demand] else {
                throw CertificateCheck.rateViolation(demand, rate, limit, instance, result)
            }
            let gain = rate - term.lower
            for entry in entries {
                let resource = Int(path[entry])
                let (sum, overflow) = resources[resource].used.addingReportingOverflow(gain)
                if overflow { throw CertificateCheck.overuse(resource, instance) }
                resources[resource].used = sum
                resources[resource].wholeUsed &+= bits
            }
        }
        for index in Int(layout.segmentStart[tier])..<Int(layout.segmentStart[tier + 1]) {
            let resource = Int(layout.segments[index].resource)
            if resources[resource].used > resources[resource].capacity { throw CertificateCheck.overuse(resource, instance) }
        }
    }

    private static func members(of tier: Int, _ layout: AllocationLayout) -> Range<Int> {
        Int(layout.tierStart[tier])..<Int(layout.tierStart[tier + 1])
    }

    /// The lowest level on a path and the first resource that has it.
    @inline(__always)
    private static func lowestLevel(
        _ path: Span<Int32>, _ entries: Range<Int>, _ resources: borrowing MutableSpan<ResourceState>
    ) -> (FillLevel, Int32) {
        var lowest = FillLevel.unbounded
        var place = Filling.ownBound
        for entry in entries {
            let resource = path[entry]
            let level = resources[Int(resource)].level
            if level < lowest {
                lowest = level
                place = resource
            }
        }
        return (lowest, place)
    }

    private static func lowestLevel(_ path: [Int32], _ entries: Range<Int>, _ resources: [ResourceState]) -> (FillLevel, Int32) {
        var lowest = FillLevel.unbounded
        var place = Filling.ownBound
        for entry in entries where resources[Int(path[entry])].level < lowest {
            lowest = resources[Int(path[entry])].level
            place = path[entry]
        }
        return (lowest, place)
    }

    private mutating func take(_ rate: FineRate, on resource: Int, _ instance: AllocationInstance) throws(CertificateViolation) {
        let (sum, overflow) = resources[resource].used.addingReportingOverflow(rate)
        if overflow || sum > resources[resource].capacity { throw CertificateCheck.overuse(resource, instance) }
        resources[resource].used = sum
    }

    /// Puts the levels of the next step in place if it is the tier's; clears those of the step before.
    private mutating func load(
        _ next: inout Int, before end: Int, tier: Int, _ instance: AllocationInstance, _ certificate: AllocationCertificate
    ) throws(CertificateViolation) -> Bool {
        for entry in loaded { resources[Int(certificate.levels[entry].resource)].level = .unbounded }
        loaded = 0..<0
        guard next < end, certificate.steps[next].tier == tier else { return false }
        loaded = CertificateCheck.range(next, certificate)
        for entry in loaded {
            let bound = certificate.levels[entry]
            let resource = Int(bound.resource)
            guard resources[resource].level == .unbounded, bound.level != .unbounded else {
                throw CertificateViolation(.shape, "\(CertificateCheck.name(resource, instance)) has two levels in tier \(tier)")
            }
            resources[resource].level = bound.level
            resources[resource].hasLevel = true
        }
        next += 1
        return true
    }

    private static func range(_ step: Int, _ certificate: AllocationCertificate) -> Range<Int> {
        (step == 0 ? 0 : certificate.steps[step - 1].end)..<certificate.steps[step].end
    }

    /// A resource with a level has no room left but what rounding down leaves: less than one 2⁻⁶⁴ bit/s per member.
    private func checkFull(
        _ step: Int, _ instance: AllocationInstance, _ certificate: AllocationCertificate
    ) throws(CertificateViolation) {
        for entry in CertificateCheck.range(step, certificate) {
            let resource = Int(certificate.levels[entry].resource)
            let members = instance.layout.memberStart[resource + 1] - instance.layout.memberStart[resource]
            guard resources[resource].capacity - resources[resource].used <= FineRate(members) else {
                throw CertificateViolation(
                    .saturation,
                    "\(CertificateCheck.name(resource, instance)) has a level in tier \(certificate.steps[step].tier) and is not full")
            }
        }
    }

    private func checkTotals(_ instance: AllocationInstance, _ result: AllocationResult) throws(CertificateViolation) {
        for (resource, state) in resources.enumerated() {
            let capacity = Int64(truncatingIfNeeded: state.capacity >> 64)
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
        let bound = limit == Filling.ownBound ? "its maximum" : name(Int(limit), instance)
        return CertificateViolation(.limit, "demand \"\(id)\" is bound by \(bound)")
    }
}
