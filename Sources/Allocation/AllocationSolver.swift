import Quantities

/// Computes the one answer to an instance, exactly, and checks its certificate before it hands it out.
///
/// First the minimums, tier by tier; where they do not fit, each tier's minimums are filled in proportion and the answer says so.
/// Then, tier by tier, what is left: rate ÷ weight is lexicographically max-min between minimum and maximum, while the minimums of
/// later tiers stay reserved. A solver keeps its buffers: use one again for the next instance.
public struct AllocationSolver: Sendable {
    private var filling = Filling()

    public init() {}

    public mutating func solve(_ instance: AllocationInstance) -> AllocationResult {
        var result = AllocationResult()
        solve(instance, into: &result)
        return result
    }

    /// As `solve(_:)`, into a result whose buffers are used again.
    public mutating func solve(_ instance: AllocationInstance, into result: inout AllocationResult) {
        fill(instance, into: &result)
        do throws(CertificateViolation) {
            try AllocationCertificate.verify(instance, result)
        } catch {
            preconditionFailure("an allocation did not pass its own certificate: \(error)")
        }
    }

    /// The answer without the check: for measuring the two apart.
    package mutating func fill(_ instance: AllocationInstance, into result: inout AllocationResult) {
        let layout = instance.layout
        filling.reset(for: layout)
        result.reset(demandCount: instance.demands.count, resourceCount: instance.resources.count)
        fillMinimums(instance, &result)
        for demand in layout.weights.indices {
            filling.terms[demand] = FillTerm(
                lower: filling.rates[demand], upper: layout.maximums[demand], weight: layout.weights[demand])
        }
        filling.rewindSegments(layout)
        for (tier, value) in instance.tiers.enumerated() {
            filling.fill(
                Int(layout.tierStart[tier])..<Int(layout.tierStart[tier + 1]), of: layout, phase: .excess, tierValue: value)
        }
        writeResult(instance, &result)
    }

    /// Leaves each demand's minimum in `filling.rates` and what all of them leave in `filling.residual`.
    private mutating func fillMinimums(_ instance: AllocationInstance, _ result: inout AllocationResult) {
        let layout = instance.layout
        if minimumsFit(layout) {
            for demand in layout.minimums.indices { filling.rates[demand] = Rounding.fine(layout.minimums[demand]) }
            for resource in layout.capacities.indices {
                filling.residual[resource] = Rounding.fine(layout.capacities[resource] - filling.need[resource])
            }
        } else {
            for resource in layout.capacities.indices { filling.residual[resource] = Rounding.fine(layout.capacities[resource]) }
            for demand in layout.minimums.indices {
                let minimum = layout.minimums[demand]
                filling.rates[demand] = 0
                filling.limits[demand] = Filling.ownBound
                filling.terms[demand] = FillTerm(lower: 0, upper: minimum, weight: minimum)
            }
            for (tier, value) in instance.tiers.enumerated() {
                let range = Int(layout.tierStart[tier])..<Int(layout.tierStart[tier + 1])
                filling.fill(range, of: layout, phase: .minimum, tierValue: value)
                noteShortfalls(range, instance, tier: value, &result)
            }
        }
        for demand in layout.minimums.indices {
            result.minimumBits[demand] = Int64(Rounding.wholeBits(filling.rates[demand]))
        }
    }

    private mutating func minimumsFit(_ layout: AllocationLayout) -> Bool {
        for resource in layout.capacities.indices { filling.need[resource] = 0 }
        for demand in layout.minimums.indices {
            let minimum = layout.minimums[demand]
            if minimum == 0 { continue }
            for entry in Int(layout.pathStart[demand])..<Int(layout.pathStart[demand + 1]) {
                filling.need[Int(layout.path[entry])] += minimum
            }
        }
        return layout.capacities.indices.allSatisfy { filling.need[$0] <= layout.capacities[$0] }
    }

    /// Adds up, for each resource that binds minimums of the tier, what they miss.
    private func noteShortfalls(
        _ tier: Range<Int>, _ instance: AllocationInstance, tier value: Int, _ result: inout AllocationResult
    ) {
        var missing: [Int32: Int64] = [:]
        for demand in tier where filling.limits[demand] != Filling.ownBound {
            let short = instance.layout.minimums[demand] - Rounding.wholeBits(filling.rates[demand])
            missing[filling.limits[demand], default: 0] += Int64(short)
        }
        for (resource, short) in missing.sorted(by: { $0.key < $1.key }) where short > 0 {
            result.shortfalls.append(
                AllocationResult.Shortfall(resource: Int(resource), tier: value, missing: BitRate(bitsPerSecond: short)))
        }
    }

    private func writeResult(_ instance: AllocationInstance, _ result: inout AllocationResult) {
        let layout = instance.layout
        for demand in layout.weights.indices {
            let bits = Rounding.wholeBits(filling.rates[demand])
            result.rateBits[demand] = Int64(bits)
            result.limits[demand] = filling.limits[demand]
            for entry in Int(layout.pathStart[demand])..<Int(layout.pathStart[demand + 1]) {
                result.usedBits[Int(layout.path[entry])] += Int64(bits)
            }
        }
        result.certificate = filling.certificate
        for level in filling.certificate.levels { result.isSaturated[Int(level.resource)] = true }
        for resource in layout.capacities.indices where result.usedBits[resource] == Int64(layout.capacities[resource]) {
            result.isSaturated[resource] = true
        }
    }
}
