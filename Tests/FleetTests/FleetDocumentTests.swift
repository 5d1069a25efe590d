import Fleet
import Foundation
import Quantities
import Testing

/// Aim: what right files mean. Method: small files in text, and the example fleet that is shipped.
@Suite struct FleetDocumentTests {
    @Test func `a small fleet is read with its defaults`() throws {
        let (configuration, problems) = FleetFixture().read()
        #expect(problems.map(\.description) == [])
        let fleet = try #require(configuration)
        #expect(fleet.tick == .seconds(5))
        #expect(fleet.settle == .seconds(1))
        #expect(fleet.law.name == "plateau@1")
        #expect(fleet.onMissing == MissingMeasurementPolicy(action: .stepDown, afterTicks: 3))
        #expect(fleet.slaClasses.map(\.name) == ["robot-control", "safety-scanner"])
        #expect(fleet.slaClass(named: "robot-control")?.bound == .microseconds(1_500))
        let plant = try #require(fleet.cluster("plant-a"))
        #expect(plant.mode == .observe)
        #expect(plant.delivery == .pull)
        #expect(plant.usage == .enforcer)
        #expect(plant.autonomousCeiling == .megabits(1_000))
        #expect(plant.enforcer == .simulated(url: "http://127.0.0.1:9000"))
        let probe = ProbeSpecification(host: "127.0.0.1", port: 8620, interval: .milliseconds(50), timeout: .seconds(1), vantage: "plant-a")
        #expect(plant.flow("robot-control")?.source == .probe(probe))
        let telemetry = try #require(plant.workload("telemetry-upload"))
        #expect(telemetry.weightMillionths == 1_000_000)
        #expect(telemetry.tier == "bulk", "without a tier a workload belongs to the least important one")
        #expect(telemetry.name == "telemetry-upload")
        #expect(telemetry.initial == .megabits(100))
    }

    @Test func `documents may stand in any file and in any order`() throws {
        let fixture = FleetFixture()
        let one = FleetDocument.read([(name: "all.yaml", text: "---\n\(fixture.plant)\n---\n# nothing here\n---\n\(fixture.fleet)\n")])
        #expect(one.problems == [])
        #expect(one.configuration == fixture.read().configuration)
        #expect(one.configuration != nil)
    }

    @Test func `a number with a fraction is read exactly`() throws {
        let fixture = FleetFixture()
            .plant("ceiling: 1000M", "ceiling: 1000M\n      weight: 0.000001")
            .fleet("tiers:", "slaClasses: [{name: robot-control, target: 1.0001ms, bound: 1.5ms, lossBound: 0.0001%}]\n  tiers:")
        let fleet = try #require(fixture.read().configuration)
        #expect(fleet.clusters[0].workloads[0].weightMillionths == 1)
        #expect(fleet.slaClasses[0].target == Delay(hundredNanoseconds: 10_001))
        #expect(fleet.slaClasses[0].lossBoundPartsPerMillion == 1)
    }

    @Test func `a list or key that is anchored may be used again`() throws {
        let fixture = FleetFixture().plant("links: [uplink, wan]", "links: &both [uplink, wan]").plant("ceiling: 1000M\n      links: [uplink, wan]", "ceiling: 1000M\n      links: *both")
        let fleet = try #require(fixture.read().configuration)
        #expect(fleet.clusters[0].workloads[0].links == ["uplink", "wan"])
    }

    @Test func `the loops of a cluster are its links with something to slow`() throws {
        let fixture = FleetFixture().plant("ceiling: 1000M\n      links: [uplink, wan]", "ceiling: 1000M\n      links: [wan]")
        let fleet = try #require(fixture.read().configuration)
        let plant = fleet.clusters[0]
        #expect(plant.links == ["uplink", "wan"])
        #expect(fleet.loops == [LoopID(cluster: "plant-a", link: "wan")])
        #expect(plant.flows(crossing: "wan").map(\.id) == ["robot-control"])
        #expect(plant.workloads(crossing: "uplink").isEmpty)
        #expect(fleet.reserve(on: "wan") == .megabits(50))
        #expect(fleet.clusters(crossing: "uplink").map(\.id) == ["plant-a"])
    }

    @Test func `a site that holds a part of the fleet may have links to clusters elsewhere`() {
        let fixture = FleetFixture().fleet("capacity: 2G", "capacity: 2G\n      to: plant-z")
        let files = [(name: "fleet.yaml", text: fixture.fleet), (name: "plant-a.yaml", text: fixture.plant)]
        #expect(FleetDocument.read(files).problems.map(\.description) == ["fleet.yaml:11:11: spec.links[1].to: there is no cluster 'plant-z'; did you mean 'plant-a'?"])
        #expect(FleetDocument.read(files, isPart: true).configuration?.link("wan")?.to == "plant-z")
    }

    @Test func `the example fleet is right and crosses three plants`() throws {
        let directory = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../clusters")
        let files = try FileManager.default.contentsOfDirectory(atPath: directory.path).filter { $0.hasSuffix(".yaml") }.sorted()
            .map { (name: $0, text: try String(contentsOf: directory.appending(path: $0), encoding: .utf8)) }
        let (configuration, problems) = FleetDocument.read(files)
        #expect(problems.map(\.description) == [])
        let fleet = try #require(configuration)
        #expect(fleet.clusters.map(\.id) == ["plant-a", "plant-b", "plant-c"])
        #expect(fleet.loops.count == 6)
        #expect(fleet.reserve(on: "wan") == .megabits(150))
        #expect(fleet.cluster("plant-a")?.workload("erp-dashboard")?.weightMillionths == 2_000_000)
        for cluster in fleet.clusters {
            #expect(cluster.flow("robot-control").map { [$0.transport == .udp, $0.port == 5201] } == [true, true])
            #expect(cluster.flow("safety-scanner").map { [$0.transport == .tcp, $0.port == 5202] } == [true, true])
        }
    }
}
