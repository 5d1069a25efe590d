import Fleet
import Quantities

/// The smallest fleet that has a loop: one cluster, one link, one critical flow, one workload; short ticks, leases and patience.
enum SmallFleet {
    static let cluster: ClusterID = "plant-k"
    static let flow: FlowID = "robot-control"
    static let workload: WorkloadID = "telemetry-upload"
    static let link: LinkID = "wan"

    static func specification(
        delivery: ClusterSpecification.Delivery = .pull, enforcer: EnforcerSpecification, access: APIAccess = .none,
        source: MeasurementSourceSpecification = .trace(path: "/nonexistent"), tick: Nanoseconds = .seconds(1),
        capacity: BitRate = .megabits(300), alerts: AlertRouting = AlertRouting()
    ) -> FleetConfiguration {
        let member = ClusterSpecification(
            id: cluster, access: access, delivery: delivery, mode: .enforce, enforcer: enforcer,
            guardrails: Guardrails(minimum: .megabits(5), maximum: .megabits(1000)),
            flows: [
                FlowSpecification(
                    id: flow, transport: .udp, port: 5201, source: source, slaClass: "robot-control", links: [link], reserve: .megabits(5))
            ],
            workloads: [WorkloadSpecification(id: workload, floor: .megabits(10), ceiling: .megabits(1000), links: [link])],
            // Kubernetes itself counts nothing.
            usage: enforcer == .kubernetes ? .none : .enforcer)
        return FleetConfiguration(
            name: "small", tick: tick, settle: .milliseconds(200), links: [LinkSpecification(id: link, capacity: capacity)],
            lease: LeaseSpecification(duration: .seconds(3), renewEvery: .seconds(1)), grantTimeToLive: .seconds(6), alerts: alerts,
            clusters: [member])
    }

    static func text(enforcerURL: String) -> String { FleetDocument.render(specification(enforcer: .simulated(url: enforcerURL))) }
}
