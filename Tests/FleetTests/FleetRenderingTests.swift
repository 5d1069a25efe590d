@testable import ControlLaw
import Fleet
import Quantities
import Testing

/// Aim: the canonical text says all of a configuration, so its hash differs where anything differs. Method: seeded random fleets,
/// rendered and read back.
@Suite struct FleetRenderingTests {
    @Test(arguments: UInt64(1)...200)
    func `a rendered fleet is read back as the same fleet`(seed: UInt64) {
        var random = RandomFleet(seed: seed)
        let fleet = random.fleet()
        let text = FleetDocument.render(fleet)
        let (configuration, problems) = FleetDocument.read([(name: "rendered", text: text)])
        #expect(problems.map(\.description) == [])
        #expect(configuration == fleet)
        #expect(configuration.map(FleetDocument.render) == text)
    }

    @Test func `the order of files and of links does not change the hash, a weight does`() throws {
        let hash = HashFunction { bytes in
            // Any function that tells texts apart: the bytes folded into 32.
            var folded = [UInt8](repeating: 0, count: 32)
            for (index, byte) in bytes.enumerated() { folded[index % 32] = (folded[index % 32] &* 31) &+ byte &+ UInt8(truncatingIfNeeded: index / 32) }
            return Digest(bytes: folded)!
        }
        let fixture = FleetFixture()
        let first = try #require(fixture.read().configuration)
        let links = "    - id: uplink\n      capacity: 1G\n"
        let reordered = fixture.fleet(links, "").fleet("      capacity: 2G\n", "      capacity: 2G\n" + links)
        #expect(try #require(reordered.read().configuration).hash(hash) == first.hash(hash))
        let heavier = fixture.plant("floor: 10M", "floor: 10M\n      weight: 1.000001")
        #expect(try #require(heavier.read().configuration).hash(hash) != first.hash(hash))
    }
}

/// Fleets that a file could state, from a seed.
struct RandomFleet {
    var generator: SplitMix
    init(seed: UInt64) { generator = SplitMix(state: seed) }

    mutating func pick<Element>(_ elements: [Element]) -> Element { elements.randomElement(using: &generator)! }
    mutating func chance() -> Bool { Bool.random(using: &generator) }
    mutating func rate(_ range: ClosedRange<Int64>) -> BitRate { BitRate(bitsPerSecond: .random(in: range, using: &generator)) }
    mutating func words() -> String {
        String((0..<Int.random(in: 1...12, using: &generator)).map { _ in pick(Array("ab'\"\\: #{}[]&*!|>%@`é–\t,?-~0")) })
    }
    mutating func time(_ milliseconds: ClosedRange<Int64>) -> Nanoseconds {
        .microseconds(.random(in: milliseconds.lowerBound * 1000...milliseconds.upperBound * 1000, using: &generator))
    }

    mutating func fleet() -> FleetConfiguration {
        var fleet = FleetConfiguration(name: "fleet-\(generator.next() % 100)")
        fleet.tick = time(100...600_000)
        fleet.settle = time(0...60_000)
        fleet.links = ["lan", "uplink", "wan"].map { id in
            LinkSpecification(
                id: LinkID(id), capacity: rate(2_000_000_000...9_000_000_000), from: chance() ? "plant-0" : nil,
                description: chance() ? words() : "")
        }
        if chance() {
            let target = Int32.random(in: 10...10_000_000, using: &generator)
            fleet.slaClasses = [
                ServiceLevelClass(
                    name: "only", target: Delay(hundredNanoseconds: target), bound: Delay(hundredNanoseconds: target * 2),
                    latencyBound: chance() ? .microseconds(700) : nil, lossBoundPartsPerMillion: chance() ? .random(in: 0...1_000_000, using: &generator) : nil,
                    criticality: .random(in: 0...100, using: &generator))
            ]
        }
        if chance() { fleet.tiers = [TierSpecification(name: "first", rank: 0, priorityClasses: ["gpu-high", "system.critical"], priorityAtLeast: 1_000), TierSpecification(name: "last", rank: 7, priorityAtLeast: -5)] }
        let law = pick(LawSpecification.knownNames)
        // A law that is known has parameters.
        let known = (try? Law.parameterHelp(law)) ?? []
        fleet.law = LawSpecification(
            name: law, parameters: chance() ? Dictionary(uniqueKeysWithValues: known.prefix(3).map { ($0.name, $0.defaultText) }) : [:],
            shadows: chance() ? [ShadowLawSpecification(name: "fixed-step@1", parameters: ["increase": "20M"])] : [])
        fleet.lease = LeaseSpecification(duration: .seconds(30), renewEvery: time(100...10_000))
        fleet.grantTimeToLive = fleet.tick * 3
        fleet.onMissing = MissingMeasurementPolicy(
            action: pick(MissingMeasurementPolicy.Action.allCases), afterTicks: .random(in: 0...9, using: &generator),
            fallbackJitter: chance() ? .microseconds(500) : nil)
        if chance() { fleet.retention = RetentionSpecification(log: 30, minuteRollups: chance() ? 90 : nil) }
        if fleet.retention.minuteRollups != nil, chance() { fleet.retention.hourRollups = 36_500 }
        fleet.alerts.rules[0].isEnabled = chance()
        if chance() { fleet.alerts.heartbeat = HeartbeatSpecification(url: "https://x/y", every: time(1_000...100_000)) }
        fleet.alerts.rules[1].pendingFor = time(0...400_000)
        fleet.alerts.rules[2].runbook = chance() ? "https://runbooks/\(generator.next())" : ""
        if chance() { fleet.alerts.receivers = [WebhookReceiver(name: "ops", url: "http://x/#y?z", secretFile: chance() ? words() + "f" : nil)] }
        fleet.clusters = (0..<Int.random(in: 1...3, using: &generator)).map { cluster(index: $0, in: fleet) }
        return fleet
    }

    mutating func cluster(index: Int, in fleet: FleetConfiguration) -> ClusterSpecification {
        let guardrails = Guardrails(minimum: rate(1_000...1_000_000), maximum: rate(500_000_000...1_000_000_000))
        var cluster = ClusterSpecification(
            id: ClusterID("plant-\(index)"), ciliumName: chance() ? "c\(index)" : nil, ciliumID: chance() ? index + 1 : nil,
            access: pick([.none, .inCluster, .kubeconfig(path: nil, context: nil), .kubeconfig(path: "/k#: x", context: nil)]),
            delivery: pick([.pull, .standalone]), mode: pick(ClusterSpecification.Mode.allCases),
            enforcer: pick([.tc(device: "eth0", networkNamespace: chance() ? "ns" : nil), .simulated(url: "unix:/run/world")]),
            guardrails: guardrails, autonomousCeiling: rate(1_000_000...900_000_000),
            usage: pick([.enforcer, .none, .prometheus(url: "http://p:9090", query: words() + "q")]))
        cluster.flows = (0..<Int.random(in: 0...2, using: &generator)).map { flow in
            let source: MeasurementSourceSpecification = pick([
                .probe(ProbeSpecification(host: "fe80::1", port: 8620, keyFile: chance() ? "/key" : nil, vantage: "here")),
                .prometheus(
                    PrometheusSourceSpecification(
                        url: "https://p", query: words() + "q_bucket[5s]", ageQuery: chance() ? words() + "q" : nil,
                        countQuery: chance() ? words() + "q" : nil)),
                .trace(path: words() + "t"),
            ])
            return FlowSpecification(
                id: FlowID("flow-\(flow)"), transport: pick([.udp, .tcp]), port: .random(in: 1...65_535, using: &generator), source: source,
                slaClass: fleet.slaClasses[0].name, links: chance() ? ["wan", "lan"] : ["uplink"], reserve: rate(0...10_000_000))
        }
        var mostWorkloads = 3
        if case .tc = cluster.enforcer { mostWorkloads = 1 }
        cluster.workloads = (0..<Int.random(in: 0...mostWorkloads, using: &generator)).map { workload in
            let floor = rate(guardrails.minimum.bitsPerSecond...2_000_000)
            let ceiling = rate(3_000_000...500_000_000)
            return WorkloadSpecification(
                id: WorkloadID("load-\(workload)"), kind: pick(["Deployment", "StatefulSet"]), namespace: "factory", name: "load.\(workload)",
                floor: floor, ceiling: ceiling, weightMillionths: .random(in: 1...1_000_000_000_000, using: &generator),
                tier: fleet.tiers[0].name, links: ["wan"], initial: rate(floor.bitsPerSecond...ceiling.bitsPerSecond))
        }
        return cluster
    }
}

/// SplitMix64 (G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number generators", 2014).
struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
