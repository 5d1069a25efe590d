import Adapters
import ChildProcesses
import Cryptography
import EventStore
import Events
import Fleet
import Glibc
import Lab
import PostgreSQL
import PrivatePostgres
import Quantities
import Sockets
import Supervision
import TrafficControl

/// Fairlead as it runs in the lab: a real log, a real coordinator, a real shipper that probes from the robot's host and limits
/// the telemetry host by `tc`.
final class LabSite: Sendable {
    static let reflectorPort: UInt16 = 5201
    let directory: String
    let server: PrivateServer
    let supervisor = Supervisor()
    private let network: LabNetwork
    private let binaries: String

    var keyFile: String { "\(directory)/probe.key" }

    init(network: LabNetwork, law: String) throws {
        self.network = network
        directory = try PrivateDirectory.make(prefix: "fairlead-lab")
        binaries = PrivateDirectory.ofThisBinary
        server = try PrivateServer(directory: "\(directory)/postgres")
        try PrivateDirectory.write("\(directory)/probe.key", hexadecimal(secureRandomBytes(count: 32)) + "\n", mode: 0o600)
        try PrivateDirectory.write("\(directory)/fleet.yaml", FleetDocument.render(LabSite.fleet(network, law, keyFile: "\(directory)/probe.key")), mode: 0o644)
    }

    /// What Fairlead is told: a link of 1G, one flow, one workload that may use all of it.
    private static func fleet(_ network: LabNetwork, _ law: String, keyFile: String) -> FleetConfiguration {
        let device = network.telemetryDevice
        return FleetConfiguration(
            name: "lab", tick: .seconds(1), settle: .milliseconds(200), links: [LinkSpecification(id: "uplink", capacity: .megabits(1000))],
            law: LawSpecification(name: law), lease: LeaseSpecification(duration: .seconds(3), renewEvery: .seconds(1)),
            grantTimeToLive: .seconds(6),
            clusters: [
                ClusterSpecification(
                    id: "lab", delivery: .pull, mode: .enforce, enforcer: .tc(device: device.name, networkNamespace: device.networkNamespace),
                    guardrails: Guardrails(minimum: .megabits(10), maximum: .megabits(1000)),
                    flows: [
                        FlowSpecification(
                            id: "robot-control", transport: .udp, port: reflectorPort,
                            source: .probe(
                                ProbeSpecification(
                                    host: LabHost.receiver.address.description, port: reflectorPort, interval: LabRun.probeInterval,
                                    timeout: .milliseconds(500), keyFile: keyFile, vantage: "robot")),
                            slaClass: "robot-control", links: ["uplink"])
                    ],
                    workloads: [
                        WorkloadSpecification(
                            id: "telemetry", floor: .megabits(10), ceiling: .megabits(1000), links: ["uplink"], initial: .megabits(1000))
                    ])
            ])
    }

    private func connection(role: String) -> String { "host=\(server.socketDirectory) user=\(role) dbname=fairlead" }

    /// PostgreSQL and the coordinator: they are there before anybody needs them, as in a plant.
    func startCentre() async throws {
        try server.start()
        try await DevelopmentDatabase(PostgresConnection(.fairlead("host=\(server.socketDirectory) user=\(server.superuser) dbname=postgres"))).create()
        let owner = PostgresConnection(.fairlead(connection(role: server.superuser)))
        try await DatabaseSchema(owner).migrate()
        let administration = LogAdministration(owner)
        try await administration.makePartitions()
        try await administration.enroll(.shipper(of: "lab"), role: "lab")
        try await administration.enroll(.central("coordinator"), role: "serve")
        try start(
            "serve", "fairlead",
            [
                "serve", "--config", "\(directory)/fleet.yaml", "--database", connection(role: "serve"), "--components", "coordinator",
                "--holder", "lab",
            ])
    }

    func startShipper() throws {
        try start(
            "shipper", "fairlead-shipper",
            [
                "run", "--config", "\(directory)/fleet.yaml", "--cluster", "lab", "--spool", "\(directory)/lab.spool", "--database",
                connection(role: "lab"), "--holder", "lab-0", "--probe-namespace", network.namespacePath(of: .robot),
            ])
    }

    private func start(_ role: String, _ binary: String, _ arguments: [String]) throws {
        try supervisor.start(
            SupervisedProgram(
                role: role, command: ["\(binaries)/\(binary)"] + arguments, environment: PrivateDirectory.environment,
                log: "\(directory)/\(role).log"))
    }

    /// What the log alone tells of the run.
    func readLog() async throws -> LabRecord {
        let owner = PostgresConnection(.fairlead(connection(role: server.superuser)))
        let reports = try await LogVerifier(owner, hash: .libcrypto).verify()
        var record = LabRecord()
        try await LogReader(owner).readAll { record.fold($0) }
        record.isVerified = reports.allSatisfy(\.findings.isEmpty) && reports.reduce(0) { $0 + $1.entries } == record.entries
        return record
    }

    func strike() {
        supervisor.end()
        server.stop()
        PrivateDirectory.remove(directory)
    }
}
