import Quantities

extension AllocationCertificate {
    /// Checks that a result is the answer to an instance, in time linear in both. Throws the first thing that is wrong.
    ///
    /// Rates are computed again from the certificate's levels, so a rate that is off by a single bit per second is refused; the
    /// levels are held against the capacities, so levels that prove nothing are refused too.
    public static func verify(_ instance: AllocationInstance, _ result: AllocationResult) throws(CertificateViolation) {
        var check = CertificateCheck(instance)
        try check.run(result)
    }
}

/// One pass over a certificate. Works with `checked` sums, because levels may come from anybody.
struct CertificateCheck {
    private let instance: AllocationInstance
    private let layout: AllocationLayout
    private var rates: [FineRate]
    private var used: [FineRate]
    /// The levels of the step at hand; `.unbounded` elsewhere.
    private var levels: [FillLevel]
    /// The entries of the certificate that `levels` holds.
    private var loaded = 0..<0
    private var shortfalls: [AllocationResult.Shortfall] = []

    init(_ instance: AllocationInstance) {
        self.instance = instance
        layout = instance.layout
        rates = [FineRate](repeating: 0, count: instance.demands.count)
        used = [FineRate](repeating: 0, count: instance.resources.count)
        levels = [FillLevel](repeating: .unbounded, count: instance.resources.count)
    }

    mutating func run(_ result: AllocationResult) throws(CertificateViolation) {
        try checkShape(result)
        let firstExcess = try checkMinimums(result)
        try checkRates(result, from: firstExcess)
        try checkTotals(result)
    }

    private func checkShape(_ result: AllocationResult) throws(CertificateViolation) {
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
        guard begin == certificate.levels.count,
            certificate.levels.allSatisfy({ instance.resources.indices.contains(Int($0.resource)) })
        else { throw CertificateViolation(.shape, "the certificate holds a level outside its steps or of no resource") }
    }

    /// Recomputes the minimums and reserves them all. Answers the first step of the other phase.
    private mutating func checkMinimums(_ result: AllocationResult) throws(CertificateViolation) -> Int {
        let steps = result.certificate.steps
        let firstExcess = steps.firstIndex { $0.phase == .excess } ?? steps.count
        if firstExcess == 0 {
            for demand in layout.minimums.indices { rates[demand] = Rounding.fine(layout.minimums[demand]) }
            for demand in layout.minimums.indices { try take(rates[demand], for: demand) }
        } else {
            var next = 0
            for (tier, value) in instance.tiers.enumerated() {
                let isStep = try load(&next, before: firstExcess, tier: value, result.certificate)
                for demand in members(of: tier) {
                    let minimum = layout.minimums[demand]
                    let term = FillTerm(lower: 0, upper: minimum, weight: minimum)
                    rates[demand] = term.rate(at: lowestLevel(of: demand))
                    try take(rates[demand], for: demand)
                }
                noteShortfalls(of: tier)
                if isStep { try checkFull(next - 1, result.certificate) }
            }
            guard next == firstExcess else { throw orderViolation }
        }
        guard shortfalls == result.shortfalls else {
            throw CertificateViolation(.feasibility, "the minimums that are not met miss something else than the result says")
        }
        for demand in layout.minimums.indices where Int64(Rounding.wholeBits(rates[demand])) != result.minimumBits[demand] {
            throw CertificateViolation(
                .minimum, "the minimum of demand \"\(instance.demands[demand].id)\" is \(Rounding.wholeBits(rates[demand])) bit/s, "
                    + "not \(result.minimumBits[demand])")
        }
        return firstExcess
    }

    /// What the minimums of a tier miss, by the resource that binds them.
    private mutating func noteShortfalls(of tier: Int) {
        var missing: [Int: Int64] = [:]
        for demand in members(of: tier) {
            let short = Int64(layout.minimums[demand]) - Int64(Rounding.wholeBits(rates[demand]))
            if short > 0, let resource = lowestResource(of: demand) { missing[resource, default: 0] += short }
        }
        for (resource, short) in missing.sorted(by: { $0.key < $1.key }) {
            shortfalls.append(
                AllocationResult.Shortfall(resource: resource, tier: instance.tiers[tier], missing: BitRate(bitsPerSecond: short)))
        }
    }

    private mutating func checkRates(_ result: AllocationResult, from firstExcess: Int) throws(CertificateViolation) {
        let certificate = result.certificate
        var next = firstExcess
        for (tier, value) in instance.tiers.enumerated() {
            let isStep = try load(&next, before: certificate.steps.count, tier: value, certificate)
            for demand in members(of: tier) {
                let term = FillTerm(
                    lower: rates[demand], upper: layout.maximums[demand], weight: layout.weights[demand])
                let rate = term.rate(at: lowestLevel(of: demand))
                try take(rate - term.lower, for: demand)
                rates[demand] = rate
                guard Int64(Rounding.wholeBits(rate)) == result.rateBits[demand] else {
                    throw CertificateViolation(
                        .rate, "the rate of demand \"\(instance.demands[demand].id)\" is \(Rounding.wholeBits(rate)) bit/s, "
                            + "not \(result.rateBits[demand])")
                }
                let limit = rate == Rounding.fine(term.upper) ? nil : lowestResource(of: demand)
                guard limit.map(AllocationResult.Limit.resource) ?? .maximum == result.limit(of: demand) else {
                    throw CertificateViolation(
                        .limit, "demand \"\(instance.demands[demand].id)\" is bound by \(limit.map(name) ?? "its maximum")")
                }
            }
            if isStep { try checkFull(next - 1, certificate) }
        }
        guard next == certificate.steps.count else { throw orderViolation }
    }

    private var orderViolation: CertificateViolation {
        CertificateViolation(.shape, "the certificate's steps are not the instance's tiers in order, minimums first")
    }

    private func members(of tier: Int) -> Range<Int> { Int(layout.tierStart[tier])..<Int(layout.tierStart[tier + 1]) }

    /// Puts the levels of the next step in place if it is the tier's; clears those of the step before.
    private mutating func load(
        _ next: inout Int, before end: Int, tier: Int, _ certificate: AllocationCertificate
    ) throws(CertificateViolation) -> Bool {
        for entry in loaded { levels[Int(certificate.levels[entry].resource)] = .unbounded }
        loaded = 0..<0
        guard next < end, certificate.steps[next].tier == tier else { return false }
        loaded = CertificateCheck.range(next, certificate)
        for entry in loaded {
            let bound = certificate.levels[entry]
            guard levels[Int(bound.resource)] == .unbounded, bound.level != .unbounded else {
                throw CertificateViolation(.shape, "\(name(Int(bound.resource))) has two levels in tier \(tier)")
            }
            levels[Int(bound.resource)] = bound.level
        }
        next += 1
        return true
    }

    private static func range(_ step: Int, _ certificate: AllocationCertificate) -> Range<Int> {
        (step == 0 ? 0 : certificate.steps[step - 1].end)..<certificate.steps[step].end
    }

    private func lowestLevel(of demand: Int) -> FillLevel {
        var lowest = FillLevel.unbounded
        for entry in Int(layout.pathStart[demand])..<Int(layout.pathStart[demand + 1]) {
            let level = levels[Int(layout.path[entry])]
            if level < lowest { lowest = level }
        }
        return lowest
    }

    /// The first of the resources with the lowest level.
    private func lowestResource(of demand: Int) -> Int? {
        var lowest: Int?
        for entry in Int(layout.pathStart[demand])..<Int(layout.pathStart[demand + 1]) {
            let resource = Int(layout.path[entry])
            if levels[resource] < lowest.map({ levels[$0] }) ?? .unbounded { lowest = resource }
        }
        return lowest
    }

    private mutating func take(_ gain: FineRate, for demand: Int) throws(CertificateViolation) {
        for entry in Int(layout.pathStart[demand])..<Int(layout.pathStart[demand + 1]) {
            let resource = Int(layout.path[entry])
            let (sum, overflow) = used[resource].addingReportingOverflow(gain)
            guard !overflow, sum <= Rounding.fine(layout.capacities[resource]) else {
                throw CertificateViolation(.capacity, "\(name(resource)) carries more than its capacity")
            }
            used[resource] = sum
        }
    }

    /// A resource with a level has no room left but what rounding down leaves: less than one 2⁻⁶⁴ bit/s per member.
    private func checkFull(_ step: Int, _ certificate: AllocationCertificate) throws(CertificateViolation) {
        for entry in CertificateCheck.range(step, certificate) {
            let resource = Int(certificate.levels[entry].resource)
            let members = layout.memberStart[resource + 1] - layout.memberStart[resource]
            guard Rounding.fine(layout.capacities[resource]) - used[resource] <= FineRate(members) else {
                throw CertificateViolation(
                    .saturation, "\(name(resource)) has a level in tier \(certificate.steps[step].tier) and is not full")
            }
        }
    }

    private func checkTotals(_ result: AllocationResult) throws(CertificateViolation) {
        let allMet = layout.minimums.indices.allSatisfy { result.minimumBits[$0] == Int64(layout.minimums[$0]) }
        guard allMet == result.isFeasible else {
            throw CertificateViolation(.feasibility, allMet ? "every minimum is met, and the result says infeasible"
                : "not every minimum is met, and the result says feasible")
        }
        var hasLevel = [Bool](repeating: false, count: used.count)
        for entry in result.certificate.levels { hasLevel[Int(entry.resource)] = true }
        var whole = [Int64](repeating: 0, count: used.count)
        for demand in layout.minimums.indices {
            for entry in Int(layout.pathStart[demand])..<Int(layout.pathStart[demand + 1]) {
                whole[Int(layout.path[entry])] += result.rateBits[demand]
            }
        }
        for resource in used.indices {
            guard whole[resource] <= Int64(layout.capacities[resource]) else {
                throw CertificateViolation(.capacity, "\(name(resource)) carries more than its capacity")
            }
            let isFull = whole[resource] == Int64(layout.capacities[resource]) || hasLevel[resource]
            guard isFull == result.isSaturated[resource] else {
                throw CertificateViolation(.usage, "\(name(resource)) is \(isFull ? "" : "not ")saturated")
            }
            guard whole[resource] == result.usedBits[resource] else {
                throw CertificateViolation(
                    .usage, "\(name(resource)) carries \(whole[resource]) bit/s, not \(result.usedBits[resource])")
            }
        }
    }

    private func name(_ resource: Int) -> String {
        "the \(instance.resources[resource].kind.rawValue) \"\(instance.resources[resource].id)\""
    }
}
