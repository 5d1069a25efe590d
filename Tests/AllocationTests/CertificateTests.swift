@testable import Allocation
import Quantities
import Testing

/// A certificate accepts the answer and nothing else: every rate is moved by one bit, every level by a little.
@Suite struct CertificateTests {
    private static func isAccepted(_ instance: AllocationInstance, _ result: AllocationResult) -> Bool {
        do throws(CertificateViolation) {
            try AllocationCertificate.verify(instance, result)
            return true
        } catch { return false }
    }

    private static func forEachAnswer(_ body: (UInt64, AllocationInstance, AllocationResult) throws -> Void) throws {
        var solver = AllocationSolver()
        for seed in 20_001...20_300 as ClosedRange<UInt64> {
            var generator = SeededGenerator(seed: seed)
            let instance = try InstanceLists.random(&generator).made()
            try body(seed, instance, solver.solve(instance))
        }
    }

    @Test func `an answer is accepted and any rate or minimum that is one bit off is refused`() throws {
        try CertificateTests.forEachAnswer { seed, instance, result in
            #expect(CertificateTests.isAccepted(instance, result), "seed \(seed)")
            for demand in instance.demands.indices {
                for bit in [-1, 1] as [Int64] where result.rateBits[demand] + bit >= 0 {
                    var wrong = result
                    wrong.rateBits[demand] += bit
                    #expect(!CertificateTests.isAccepted(instance, wrong), "seed \(seed), rate of \(demand)")
                    // With the use told to match, too.
                    for resource in instance.demands[demand].resources { wrong.usedBits[resource] += bit }
                    #expect(!CertificateTests.isAccepted(instance, wrong), "seed \(seed), rate and use of \(demand)")
                }
                var wrong = result
                wrong.minimumBits[demand] += 1
                #expect(!CertificateTests.isAccepted(instance, wrong), "seed \(seed), minimum of \(demand)")
            }
        }
    }

    @Test func `what an answer says beside its rates is checked too`() throws {
        try CertificateTests.forEachAnswer { seed, instance, result in
            for resource in instance.resources.indices {
                var wrong = result
                wrong.usedBits[resource] += 1
                #expect(!CertificateTests.isAccepted(instance, wrong), "seed \(seed), use of \(resource)")
                wrong = result
                wrong.isSaturated[resource].toggle()
                #expect(!CertificateTests.isAccepted(instance, wrong), "seed \(seed), saturation of \(resource)")
            }
            for demand in instance.demands.indices {
                for limit in [TierFilling.ownBound] + instance.resources.indices.map(Int32.init) where limit != result.limits[demand] {
                    var wrong = result
                    wrong.limits[demand] = limit
                    #expect(!CertificateTests.isAccepted(instance, wrong), "seed \(seed), limit of \(demand)")
                }
            }
            var wrong = result
            wrong.shortfalls = wrong.shortfalls.isEmpty ? [.init(resource: 0, tier: 0, missing: .megabits(1))] : []
            #expect(!CertificateTests.isAccepted(instance, wrong), "seed \(seed), feasibility")
        }
    }

    /// Rates that fit other levels are refused because those levels do not fill the resources, or overfill them.
    @Test func `other levels with the rates that they would give are refused`() throws {
        var tried = 0
        try CertificateTests.forEachAnswer { seed, instance, result in
            for entry in result.certificate.levels.indices {
                let level = result.certificate.levels[entry].level
                for other in [
                    FillLevel(high: level.high &+ 1, middle: level.middle, low: level.low),
                    FillLevel(high: level.high / 2, middle: level.middle / 2, low: level.low),
                    FillLevel(high: level.high, middle: level.middle ^ (1 << 63), low: level.low),
                ] where other != level {
                    var levels = result.certificate.levels
                    levels[entry] = .init(resource: levels[entry].resource, level: other)
                    var wrong = result
                    wrong.certificate = AllocationCertificate(steps: result.certificate.steps, levels: levels)
                    let forged = wrong.withRatesOfItsLevels(instance)
                    if forged.rateBits != result.rateBits || forged.minimumBits != result.minimumBits {
                        tried += 1
                        #expect(!CertificateTests.isAccepted(instance, forged), "seed \(seed), level \(entry)")
                    }
                    if wrong.certificate.levels.count > 1 { #expect(CertificateTests.isAccepted(instance, result)) }
                }
            }
        }
        #expect(tried > 300)
    }

    @Test func `a certificate that misses a step, repeats one or speaks of unknown things is refused`() throws {
        try CertificateTests.forEachAnswer { seed, instance, result in
            let certificate = result.certificate
            guard let last = certificate.steps.last else { return }
            let begin = certificate.steps.dropLast().last?.end ?? 0
            let mutants = [
                AllocationCertificate(steps: certificate.steps.dropLast(), levels: certificate.levels),
                AllocationCertificate(
                    steps: certificate.steps + [.init(phase: last.phase, tier: last.tier, end: certificate.levels.count * 2 - begin)],
                    levels: certificate.levels + certificate.levels[begin...]),
                AllocationCertificate(
                    steps: certificate.steps.dropLast() + [.init(phase: last.phase, tier: last.tier + 7, end: last.end)],
                    levels: certificate.levels),
                AllocationCertificate(
                    steps: certificate.steps,
                    levels: certificate.levels.dropLast() + [.init(resource: Int32(instance.resources.count), level: .zero)]),
                AllocationCertificate(
                    steps: certificate.steps, levels: certificate.levels.dropLast() + [.init(resource: -1, level: .zero)]),
            ]
            for (index, mutant) in mutants.enumerated() {
                var wrong = result
                wrong.certificate = mutant
                #expect(!CertificateTests.isAccepted(instance, wrong), "seed \(seed), mutant \(index)")
            }
        }
    }

    @Test func `levels of any size from a stranger are refused without a trap`() throws {
        var generator = SeededGenerator(seed: 7)
        try CertificateTests.forEachAnswer { seed, instance, result in
            guard !result.certificate.levels.isEmpty else { return }
            var levels = result.certificate.levels
            for index in levels.indices {
                levels[index] = .init(
                    resource: levels[index].resource,
                    level: FillLevel(high: generator.next(), middle: generator.next(), low: generator.next()))
            }
            var wrong = result
            wrong.certificate = AllocationCertificate(steps: result.certificate.steps, levels: levels)
            #expect(!CertificateTests.isAccepted(instance, wrong), "seed \(seed)")
        }
    }

    @Test func `a level is written in hexadecimal and read back exactly`() {
        var generator = SeededGenerator(seed: 3)
        for _ in 0..<1_000 {
            let level = FillLevel(high: generator.next() >> 20, middle: generator.next(), low: generator.next() << 40)
            #expect(FillLevel(hexadecimal: level.description) == level)
        }
        #expect(FillLevel(high: 1_000, middle: 0, low: 0).description == "3e8")
        for wrong in ["", ".", "1.", ".5", "-1", "g", "1.2.3", "1 ", "11111111111111111", "1." + String(repeating: "1", count: 33), "A"] {
            #expect(FillLevel(hexadecimal: wrong) == nil, "\(wrong)")
        }
    }
}

extension AllocationResult {
    /// A forger's work: rates, minimums, limits and uses made to fit the certificate's own levels.
    fileprivate func withRatesOfItsLevels(_ instance: AllocationInstance) -> AllocationResult {
        var forged = self
        let layout = instance.layout
        let minimumSteps = certificate.steps.prefix { $0.phase == .minimum }.count
        var fine = instance.demands.indices.map { layout.terms[$0].lower }
        let weights = layout.minimumWeights
        for demand in fine.indices {
            let tier = instance.demands[demand].tier
            if minimumSteps > 0 {
                fine[demand] = FillTerm(lower: 0, upper: layout.terms[demand].lower, weight: weights[demand])
                    .rate(at: lowest(demand, instance, phase: .minimum, tier: tier).level)
            }
            forged.minimumBits[demand] = Int64(Rounding.wholeBits(fine[demand]))
            let lowest = lowest(demand, instance, phase: .excess, tier: tier)
            let rate = FillTerm(lower: fine[demand], upper: layout.terms[demand].upper, weight: layout.terms[demand].weight).rate(at: lowest.level)
            forged.rateBits[demand] = Int64(Rounding.wholeBits(rate))
            forged.limits[demand] = rate == layout.terms[demand].upper ? TierFilling.ownBound : lowest.resource
        }
        forged.usedBits = instance.resources.indices.map { resource in
            instance.members(of: resource).reduce(Int64(0)) { $0 &+ forged.rateBits[$1] }
        }
        return forged
    }

    private func lowest(
        _ demand: Int, _ instance: AllocationInstance, phase: AllocationCertificate.Phase, tier: Int
    ) -> (level: FillLevel, resource: Int32) {
        var found: (level: FillLevel, resource: Int32) = (.unbounded, TierFilling.ownBound)
        var begin = 0
        for step in certificate.steps {
            if step.phase == phase && step.tier == tier {
                for entry in certificate.levels[begin..<step.end]
                where instance.demands[demand].resources.contains(Int(entry.resource)) && (entry.level, entry.resource) < found {
                    found = (entry.level, entry.resource)
                }
            }
            begin = step.end
        }
        return found
    }
}
