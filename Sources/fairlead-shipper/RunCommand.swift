import Adapters
import ArgumentParser
import Clocks
import Events
import Fleet
import HealthServer
import HTTPTransport
import Logging
import PostgreSQL
import EventStore
import Probing
import Quantities
import ServiceLifecycle
import Shipper
import UnixSignals

/// `fairlead-shipper run`: the loop of one cluster.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run the loop of one cluster.",
        discussion: """
            Examples:
              fairlead-shipper run --config clusters/ --cluster plant-a --spool spool.sqlite
              fairlead-shipper run --config clusters/ --cluster plant-a --spool spool.sqlite --listen 0.0.0.0:9200
            """)

    @OptionGroup var site: SiteOptions

    @Option(help: "The spool, an SQLite file. Made where there is none; keep it on a disk that survives the Pod.")
    var spool: String

    @Option(
        help: ArgumentHelp(
            "The log's database as a libpq connection string. Without it, PG* variables say where; delivery standalone needs none.",
            valueName: "conninfo"))
    var database: String?

    @Option(help: ArgumentHelp("Who this replica is, for leases and the log. Default: the host's name.", valueName: "name"))
    var holder: String?

    @Option(help: ArgumentHelp("Send probes from this network namespace.", valueName: "path"))
    var probeNamespace: String?

    func run() async throws {
        try await CommandFailure.reporting {
            let (fleet, cluster) = try site.load()
            let logger = ProcessLogger.make("fairlead-shipper", cluster: cluster.id.text)
            let probes = ProbeBoard(cluster: cluster.id, flows: cluster.flows.map(\.id))
            let board = ShipperBoard(
                cluster: cluster.id, workloads: cluster.workloads.map(\.id), version: FairleadVersion.text, probes: probes)
            let assembly = ShipperAssembly(
                fleet: fleet, cluster: cluster,
                options: .init(
                    spoolPath: spool, holder: holder ?? hostName(), version: FairleadVersion.text, probeNamespace: probeNamespace),
                http: HTTPClient())
            let log = cluster.delivery == .standalone && database == nil ? nil : watchedLog(logger)
            // All that can fail comes before the spool, so that a failed start leaves no new file behind.
            let health = try site.listen.map { try HealthListener(board, on: $0, tick: fleet.tick) }
            let (process, ports, prober) = try await assembly.assemble(
                log: log, board: probes, failpoint: Failpoint(environment: processEnvironment()), tell: { logger.tell($0) }, show: { board.show($0, at: SystemClocks.monotonic()) })
            let shipper = ShipperRun(ports: ports, clock: ContinuousClock(), tick: fleet.tick)
            logger.info("started", metadata: ["stream": "\(process.status.stream)", "port": "\(health?.port ?? 0)"])
            try await ServiceGroup(
                services: [RunningShipper(run: shipper, process: process)], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger
            ).run()
            prober?.stop()
            health?.stop()
        }
    }
}

extension RunCommand {
    /// The log, whose outages leave a line each: the loop goes on without it, and nothing else would say so.
    private func watchedLog(_ logger: Logger) -> WatchedLog {
        let door = DatabaseDoor("log") { _, reason in
            guard let reason else { return logger.notice("the log answers again") }
            logger.error("the log does not answer; the loop goes on without it", metadata: ["error": "\(reason)"])
        }
        return WatchedLog(PostgresLog(PostgresConnection(.fairlead(database))), door)
    }
}

/// The run loop as a service: ends when asked to, after the tick under way.
private struct RunningShipper: Service {
    let run: ShipperRun<ContinuousClock>
    let process: ShipperProcess
    func run() async throws { await cancelWhenGracefulShutdown { await run.run(process) } }
}
