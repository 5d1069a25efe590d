import Adapters
import Fleet
import Quantities
import Sockets

/// The development fleet: three plants in small, with short ticks, leases and patience.
struct DevFleet {
    let directory: String
    let worldPort: UInt16
    let webhookPort: UInt16
    let webPorts: [UInt16]
    let healthPorts: [ClusterID: UInt16]
    let configuration: FleetConfiguration

    static let clusters: [ClusterID] = ["plant-a", "plant-b", "plant-c"]

    /// Takes free ports of the loopback interface. One that somebody else takes before its owner starts shows as a failed start.
    init(directory: String) throws {
        var ports = try FreePorts.take(count: 4 + DevFleet.clusters.count * 3)
        func port() -> UInt16 { ports.removeLast() }
        let world = port()
        let webhook = port()
        self.directory = directory
        worldPort = world
        webhookPort = webhook
        webPorts = [port(), port()]
        healthPorts = Dictionary(uniqueKeysWithValues: DevFleet.clusters.map { ($0, port()) })
        let keyFile = "\(directory)/probe.key"
        let members = DevFleet.clusters.map { id in
            DevFleet.cluster(id, robotPort: port(), scannerPort: port(), worldPort: world, keyFile: keyFile)
        }
        configuration = FleetConfiguration(
            name: "dev", tick: .seconds(1), settle: .milliseconds(200),
            links: [
                LinkSpecification(id: "wan-a", capacity: .megabits(200), from: "plant-a", description: "plant-a's own uplink"),
                LinkSpecification(id: "wan-shared", capacity: .megabits(300), description: "the uplink that plant-b and plant-c share"),
            ],
            lease: LeaseSpecification(duration: .seconds(3), renewEvery: .seconds(1)), grantTimeToLive: .seconds(6),
            alerts: AlertRouting(
                rules: AlertRuleSpecification.standard.map { rule in
                    var rule = rule
                    rule.pendingFor = .seconds(rule.name == "PatchesStopped" ? 10 : 3)
                    rule.keepFiringFor = .seconds(2)
                    return rule
                },
                receivers: [
                    WebhookReceiver(name: "dev", url: "http://127.0.0.1:\(webhook)/", secretFile: "\(directory)/webhook.secret")
                ],
                groupWait: .seconds(1), groupInterval: .seconds(2), repeatInterval: .seconds(3600),
                externalURL: "http://127.0.0.1:\(webPorts[0])"),
            clusters: members)
    }

    private static func cluster(
        _ id: ClusterID, robotPort: UInt16, scannerPort: UInt16, worldPort: UInt16, keyFile: String
    ) -> ClusterSpecification {
        let link: LinkID = id == "plant-a" ? "wan-a" : "wan-shared"
        func probe(_ port: UInt16) -> MeasurementSourceSpecification {
            .probe(
                ProbeSpecification(
                    host: "127.0.0.1", port: port, interval: .milliseconds(15), timeout: .milliseconds(500), keyFile: keyFile,
                    vantage: "\(id)-robot-cell"))
        }
        return ClusterSpecification(
            id: id, delivery: .pull, mode: .enforce, enforcer: .simulated(url: "http://127.0.0.1:\(worldPort)"),
            guardrails: Guardrails(minimum: .megabits(5), maximum: .megabits(1000)),
            flows: [
                FlowSpecification(
                    id: "robot-control", transport: .udp, port: 5201, source: probe(robotPort), slaClass: "robot-control", links: [link],
                    reserve: .megabits(5)),
                FlowSpecification(
                    id: "safety-scanner", transport: .tcp, port: 5202, source: probe(scannerPort), slaClass: "safety-scanner",
                    links: [link], reserve: .megabits(5)),
            ],
            workloads: [
                WorkloadSpecification(id: "telemetry-upload", floor: .megabits(10), ceiling: .megabits(1000), links: [link]),
                WorkloadSpecification(
                    id: "erp-dashboard", floor: .megabits(10), ceiling: .megabits(1000), weightMillionths: 2_000_000, links: [link]),
            ])
    }

    /// Every port that somebody listens on.
    var text: String { FleetDocument.render(configuration) }
}

/// Free TCP ports of the loopback interface.
enum FreePorts {
    /// Each is held until the last is known, so that none comes twice.
    static func take(count: Int) throws -> [UInt16] {
        guard count > 0 else { return [] }
        let socket = try Socket.tcp(isIPv6: false)
        try socket.bind(Endpoint(.loopback, port: 0))
        guard let port = socket.localEndpoint?.port else { throw AssemblyError("the system gives no free port") }
        let others = try take(count: count - 1)
        precondition(socket.descriptor >= 0, "the port is held while the others are taken")
        return [port] + others
    }
}
