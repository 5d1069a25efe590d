import Events
import Fleet
import Quantities

extension FleetConfiguration {
    /// One plant with one flow, ticks of a second, short patience.
    static var story: FleetConfiguration {
        var fleet = FleetConfiguration(
            name: "test", tick: .seconds(1), links: [LinkSpecification(id: "uplink", capacity: .megabits(1_000))],
            lease: LeaseSpecification(duration: .seconds(5), renewEvery: .seconds(1)))
        fleet.clusters = [
            ClusterSpecification(
                id: "plant-a", mode: .enforce, enforcer: .simulated(url: "http://world"),
                guardrails: Guardrails(minimum: .megabits(10), maximum: .megabits(1_000)),
                flows: [
                    FlowSpecification(
                        id: "robot-control", transport: .udp, port: 5201, source: .trace(path: "none"), slaClass: "robot-control", links: ["uplink"])
                ], workloads: [])
        ]
        fleet.alerts.groupWait = .seconds(2)
        fleet.alerts.groupInterval = .seconds(10)
        fleet.alerts.receivers = [WebhookReceiver(name: "on-call", url: "http://on-call")]
        for place in fleet.alerts.rules.indices {
            fleet.alerts.rules[place].pendingFor = .seconds(5)
            fleet.alerts.rules[place].keepFiringFor = .seconds(3)
        }
        return fleet
    }
}

extension Tick {
    static func story(_ number: Int64, _ quality: SampleQuality, at: WallTime) -> Tick {
        Tick(
            number: number, at: at, intervalMilliseconds: 1_000, rosterSequence: 1, leaseTransitions: 1,
            flows: [
                FlowSample(
                    quality: quality, count: quality.hasValue ? 100 : 0, lost: 0, windowMilliseconds: 1_000,
                    p95: quality.hasValue ? .microseconds(500) : nil)
            ])
    }
}

extension Roster {
    static var story: Roster {
        Roster(
            cluster: "plant-a", configuration: .zero, mode: "enforce",
            flows: [
                Roster.Flow(
                    id: "robot-control", vantage: "plant-a", source: "trace", serviceLevel: "robot-control", target: .microseconds(1_000),
                    bound: .microseconds(1_500), links: ["uplink"])
            ], workloads: [], links: ["uplink"], laws: [])
    }
}
