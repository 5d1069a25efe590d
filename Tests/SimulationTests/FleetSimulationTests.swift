import ControlLaw
import Coordination
import Cryptography
import Events
import Fleet
import Quantities
import Shipper
import Simulation
import Testing

/// Whole fleets over simulated time: what the processes do together, seen from the log alone.
struct FleetSimulationTests {
    static func plants(_ links: [LinkSpecification], _ clusters: [(ClusterID, LinkID)], delivery: ClusterSpecification.Delivery = .pull) -> FleetConfiguration {
        FleetConfiguration(
            name: "simulated", tick: .seconds(1), settle: .milliseconds(200), links: links,
            lease: LeaseSpecification(duration: .seconds(3), renewEvery: .seconds(1)), grantTimeToLive: .seconds(6),
            clusters: clusters.map { id, link in
                ClusterSpecification(
                    id: id, delivery: delivery, mode: .enforce, enforcer: .simulated(url: "http://127.0.0.1"),
                    guardrails: Guardrails(minimum: .megabits(1), maximum: .megabits(1000)),
                    flows: [
                        FlowSpecification(
                            id: "robot-control", transport: .udp, port: 5201,
                            source: .probe(ProbeSpecification(host: "127.0.0.1", port: 5201, interval: .milliseconds(20), vantage: "robot")),
                            slaClass: "robot-control", links: [link])
                    ],
                    workloads: [
                        WorkloadSpecification(
                            id: "telemetry-upload", floor: .megabits(10), ceiling: .megabits(1000), links: [link], initial: .megabits(1000))
                    ])
            })
    }

    static func story(_ clusters: [ClusterID], _ moments: [Story.Moment] = []) -> Story {
        Story(
            length: .seconds(3600),
            moments: clusters.map { Story.Moment(.zero, "", .offers($0, "telemetry-upload", .megabits(400))) } + moments)
    }

    static func ticks(_ simulation: FleetSimulation, _ cluster: ClusterID) -> [Tick] {
        simulation.records.compactMap { record in
            guard record.position.stream.cluster == cluster, case .tick(let tick) = record.entry, tick.decision?.isShadow != true else { return nil }
            return tick
        }
    }

    @Test func `one plant settles just below its link, and climbs again when a narrowed link is whole`() throws {
        let fleet = Self.plants([LinkSpecification(id: "wan-a", capacity: .megabits(1000))], [("plant-a", "wan-a")])
        let story = Self.story(
            ["plant-a"],
            [
                Story.Moment(.zero, "the link really carries 200", .carries("wan-a", .megabits(200))),
                Story.Moment(.seconds(90), "", .carries("wan-a", .megabits(120))),
                Story.Moment(.seconds(120), "", .carries("wan-a", .megabits(200))),
            ])
        var simulation = try FleetSimulation(.init(fleet: fleet, story: story, hash: .libcrypto, seed: 1))
        simulation.run(for: .seconds(180))
        #expect(simulation.checker.breach == nil)
        let ticks = Self.ticks(simulation, "plant-a")
        #expect(ticks.count >= 175)
        let above = ticks.dropFirst(2).filter { ($0.flows.first?.p95 ?? .zero) > .microseconds(1_500) }
        #expect(above.count <= 9, "\(above.count) of \(ticks.count) ticks above the bound")
        let calm = ticks[40..<88].compactMap { $0.workloads.first?.used?.bitsPerSecond }
        #expect(calm.reduce(0, +) / Int64(calm.count) > 170_000_000)
        let late = ticks.suffix(25).compactMap { $0.workloads.first?.used?.bitsPerSecond }
        #expect(late.reduce(0, +) / Int64(late.count) > 150_000_000)
    }

    @Test func `two plants on one link end with equal shares of it`() throws {
        let fleet = Self.plants(
            [LinkSpecification(id: "wan", capacity: .megabits(300))], [("plant-b", "wan"), ("plant-c", "wan")])
        var simulation = try FleetSimulation(.init(fleet: fleet, story: Self.story(["plant-b", "plant-c"]), hash: .libcrypto, seed: 2))
        simulation.run(for: .seconds(120))
        let b = Self.ticks(simulation, "plant-b").suffix(20).compactMap { $0.workloads.first?.used?.bitsPerSecond }.reduce(0, +) / 20
        let c = Self.ticks(simulation, "plant-c").suffix(20).compactMap { $0.workloads.first?.used?.bitsPerSecond }.reduce(0, +) / 20
        #expect(b > 110_000_000 && c > 110_000_000)
        #expect(abs(b - c) < 15_000_000, "\(b) and \(c)")
    }

    @Test func `the room above an idle workload's use goes to those at their limits, soon after the first suffering`() throws {
        var fleet = Self.plants(
            [LinkSpecification(id: "wan", capacity: .megabits(300))], [("plant-b", "wan"), ("plant-c", "wan")])
        for index in fleet.clusters.indices {
            fleet.clusters[index].workloads.append(
                WorkloadSpecification(
                    id: "erp-dashboard", floor: .megabits(10), ceiling: .megabits(1000), links: ["wan"], initial: .megabits(1000)))
        }
        let idle = (["plant-b", "plant-c"] as [ClusterID]).map { Story.Moment(.zero, "", .offers($0, "erp-dashboard", .megabits(20))) }
        var simulation = try FleetSimulation(.init(fleet: fleet, story: Self.story(["plant-b", "plant-c"], idle), hash: .libcrypto, seed: 3))
        simulation.run(for: .seconds(60))
        let used = (["plant-b", "plant-c"] as [ClusterID]).map { cluster in
            let recent = Self.ticks(simulation, cluster).suffix(20).compactMap { $0.workloads.first?.used?.bitsPerSecond }
            return recent.reduce(0, +) / Int64(max(1, recent.count))
        }
        #expect(used.allSatisfy { $0 > 95_000_000 }, "telemetry carries \(used) of what 260 Mbit/s leave")
    }

    @Test func `every decision runs again from its row alone and gives the same bytes`() throws {
        let fleet = Self.plants([LinkSpecification(id: "wan-a", capacity: .megabits(200))], [("plant-a", "wan-a")])
        var simulation = try FleetSimulation(.init(fleet: fleet, story: Self.story(["plant-a"]), hash: .libcrypto, seed: 3))
        simulation.run(for: .seconds(60))
        let law = try Law(name: fleet.law.name, parameters: fleet.law.parameters)
        let decisions = Self.ticks(simulation, "plant-a").compactMap(\.decision)
        #expect(decisions.count > 50)
        for decision in decisions { #expect(law.step(state: decision.stateBefore, input: decision.input).outcome == decision.outcome) }
    }

    @Test func `equal seeds give equal bytes, and another seed gives others`() throws {
        let fleet = Self.plants([LinkSpecification(id: "wan-a", capacity: .megabits(200))], [("plant-a", "wan-a")])
        let bytes = try ([4, 4, 5] as [UInt64]).map { seed in
            var simulation = try FleetSimulation(.init(fleet: fleet, story: Self.story(["plant-a"]), hash: .libcrypto, seed: seed))
            simulation.run(for: .seconds(30))
            return simulation.canonicalBytes
        }
        #expect(bytes[0] == bytes[1])
        #expect(bytes[0] != bytes[2])
    }
}
