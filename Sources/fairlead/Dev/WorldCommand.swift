import Adapters
import ArgumentParser
import Clocks
import ConfigurationFiles
import Cryptography
import Events
import Fleet
import Hummingbird
import JSONDocument
import Probing
import Quantities
import ServiceLifecycle
import Simulation
import Sockets
import Synchronization
import UnixSignals

/// `fairlead dev-world`: the plants of `fairlead dev`, in a process of their own.
///
/// It answers real probes with real reflectors, holding each packet as the simulated queue would; it takes limits and gives
/// counters as an enforcer does.
struct WorldCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dev-world", abstract: "Hold the simulated plants of the development fleet.", shouldDisplay: false)

    @Option(help: "The fleet's files.")
    var config: [String]

    @Option(help: "Where the limits are set and the counters read.")
    var listen: String

    @Option(help: "The secret of the probes.")
    var keyFile: String

    func run() async throws {
        try await reportingFailures {
            let (fleet, problems) = try FleetFiles.read(config)
            guard let fleet else {
                standardError(problems)
                throw FairleadExit.different
            }
            var generator = SecureRandomNumberGenerator()
            let world = WorldHolder(
                SimulatedWorld(fleet: fleet, story: .morningShift, seed: generator.next(), at: SystemClocks.monotonic()))
            let reflector = try Reflector(endpoints: try WorldCommand.endpoints(of: fleet, key: try ProbeKey(file: keyFile), world))
            defer { reflector.stop() }
            let endpoint = try Endpoint(hostAndPort: listen)
            let application = Application(
                router: WorldCommand.router(world),
                configuration: ApplicationConfiguration(
                    address: .hostname(endpoint.address.description, port: Int(endpoint.port)), serverName: nil),
                logger: ProcessLogger.make("dev-world", cluster: nil))
            try await application.runService(gracefulShutdownSignals: [.sigterm, .sigint])
        }
    }

    /// A reflector per probed flow, behind its plant's queue.
    private static func endpoints(of fleet: FleetConfiguration, key: ProbeKey, _ world: WorldHolder) throws -> [ReflectorEndpoint] {
        try fleet.clusters.flatMap { cluster in
            try cluster.flows.compactMap { flow in
                guard case .probe(let probe) = flow.source, let prefix = AddressPrefix("127.0.0.0/8") else { return nil }
                return ReflectorEndpoint(
                    transport: flow.transport == .udp ? .udp : .tcp, listen: try Endpoint(hostAndPort: "\(probe.host):\(probe.port)"),
                    keys: [key], allowed: [prefix],
                    segment: SimulatedSegment { now in
                        world.delay(cluster: cluster.id, flow: flow.id, at: now).map { .delayed($0) } ?? .lost
                    })
            }
        }
    }

    private static func router(_ world: WorldHolder) -> Router<BasicRequestContext> {
        let router = Router()
        router.get("/livez") { _, _ in "ok\n" }
        router.get("/clusters/:cluster/workloads") { _, context in
            let cluster = ClusterID(try context.parameters.require("cluster"))
            let (workloads, at) = world.workloads(of: cluster)
            return JSONValue.array(workloads.map { workload in
                [
                    "workload": .string(workload.id.text), "rate_bps": .optional(workload.limit?.bitsPerSecond),
                    "bytes": .integer(workload.bytes), "at_ns": .integer(at.nanoseconds), "replicas": .integer(1),
                    "decision": .optional(workload.decision), "term": .integer(workload.term),
                ]
            }).text
        }
        router.put("/clusters/:cluster/workloads/:workload") { request, context -> HTTPResponse.Status in
            let body = try await request.body.collect(upTo: 4_096)
            guard let json = try? JSONValue(parsing: Array(body.readableBytesView)), let rate = json["rate_bps"]?.integer, rate > 0 else {
                return .badRequest  // the answer says all that there is to say
            }
            let answer = world.setLimit(
                cluster: ClusterID(try context.parameters.require("cluster")),
                workload: WorkloadID(try context.parameters.require("workload")), rate: BitRate(bitsPerSecond: rate),
                decision: json["decision"]?.string, term: json["term"]?.integer ?? 0)
            return switch answer {
            case .set: .noContent
            case .olderTerm: .conflict
            case .unknown: .notFound
            }
        }
        return router
    }
}

/// The world behind a lock: reflector threads and requests meet here, each for microseconds.
final class WorldHolder: Sendable {
    private let world: Mutex<SimulatedWorld>
    init(_ world: SimulatedWorld) { self.world = Mutex(world) }

    func delay(cluster: ClusterID, flow: FlowID, at now: MonotonicTime) -> Nanoseconds? {
        world.withLock { world in
            world.advance(to: now)
            return world.delay(cluster: cluster, flow: flow)
        }
    }

    func workloads(of cluster: ClusterID) -> ([SimulatedWorld.Workload], MonotonicTime) {
        world.withLock { world in
            let now = SystemClocks.monotonic()
            world.advance(to: now)
            return (world.workloads.filter { $0.cluster == cluster }, now)
        }
    }

    func setLimit(
        cluster: ClusterID, workload: WorkloadID, rate: BitRate, decision: String?, term: Int64
    ) -> SimulatedWorld.LimitAnswer {
        world.withLock { world in
            world.advance(to: SystemClocks.monotonic())
            return world.setLimit(cluster: cluster, workload: workload, rate: rate, decision: decision, term: term)
        }
    }
}
