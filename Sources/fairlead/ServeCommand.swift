import Adapters
import ArgumentParser
import Clocks
import ConfigurationFiles
import Coordination
import Coordinator
import Cryptography
import EventStore
import Events
import Exposition
import Fleet
import Glibc
import HTTPTransport
import Logging
import PostgreSQL
import Quantities
import ServiceLifecycle
import Sockets
import Web
import UnixSignals

/// `fairlead serve`: the central service.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Run the central service: coordinator, alerter and page.",
        discussion: """
            Run two or more: each component elects its leader by a lease in the database,
            and the others stand by.

            Examples:
              fairlead serve --config clusters/ --database 'host=db dbname=fairlead' --listen 0.0.0.0:8080
              fairlead serve --config clusters/ --components coordinator,alerter
            """)

    enum Component: String, CaseIterable { case coordinator, alerter, web }

    @Option(help: ArgumentHelp("The fleet's files: a directory or a file. Repeat for more.", valueName: "path"))
    var config: [String]

    @Option(help: ArgumentHelp("The database of the event log. Default: the PG* environment variables.", valueName: "connection-string"))
    var database: String?

    @Option(help: ArgumentHelp("Which parts to run.", valueName: "list"))
    var components: String = "coordinator,alerter,web"

    @Option(help: ArgumentHelp("Where the page, /metrics, /livez and /readyz are served.", valueName: "host:port"))
    var listen: String = "127.0.0.1:8080"

    @Option(help: ArgumentHelp("Signs a checkpoint of the log every minute: a key of fairlead log keygen, mode 0400. Without it there are none.", valueName: "path"))
    var checkpointKey: String?

    @Option(help: ArgumentHelp("Where each checkpoint is appended, outside the database.", valueName: "path"))
    var checkpoints: String?

    @Option(help: ArgumentHelp("Who this replica is, for leases. Default: the host's name.", valueName: "name"))
    var holder: String?

    @Option(
        help: ArgumentHelp(
            "Where the coordinator and the alerter keep a copy of what they wrote, so that a restored database is filled again. Must exist; one replica's own. Default: none is kept.",
            valueName: "directory"))
    var spool: String?

    func run() async throws {
        try await reportingFailures {
            let chosen = try chosenComponents()
            let (fleet, problems) = try FleetFiles.read(config)
            guard let fleet else {
                standardError(problems)
                throw FairleadExit.different
            }
            let settings = ConnectionSettings.fairlead(database)
            let connection = PostgresConnection(settings)
            try await DatabaseSchema(connection).requireCompatible()
            let logger = ProcessLogger.make("fairlead-serve", cluster: nil)
            try await tellOfScarceConnections(LogAdministration(connection), fleet, logger)
            await connection.close()
            let http = HTTPClient()
            let (window, alerts, refusals) = (CoordinatorWindow(), AlerterWindow(), RefusalWindow())
            let failpoint = Failpoint(environment: processEnvironment())
            // One incarnation of a process, never used by another: a restart is another holder.
            let identity = "\(holder ?? hostName())-\(hexadecimal(secureRandomBytes(count: 4)))"
            var services: [any Service] = [
                PartitionService(database: settings, retention: fleet.retention, logger: logger), RefusalService(database: settings, window: refusals, logger: logger),
            ]
            let signing = try checkpointKey.map { try CheckpointKey(file: $0) }
            if chosen.contains(.coordinator) {
                services.append(
                    CoordinatorService(
                        fleet: fleet, database: settings, holder: identity, push: try ClusterPush(fleet: fleet, http: http), window: window,
                        failpoint: failpoint, spoolDirectory: spool, logger: logger))
                services.append(RollupService(database: settings, logger: logger))
                if let signing {
                    services.append(CheckpointService(database: settings, key: signing, file: checkpoints, window: window, logger: logger))
                }
            }
            if chosen.contains(.alerter) {
                services.append(
                    try AlerterService(
                        fleet: fleet, database: settings, holder: identity, http: http, window: alerts, failpoint: failpoint,
                        spoolDirectory: spool, logger: logger))
            }
            if chosen.contains(.web) { services.append(try page(settings, fleet, chosen, (window, alerts, refusals), logger)) }
            try await ServiceGroup(services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger).run()
        }
    }

    /// Where the shippers would not all get in, it is said now, and not when a restart of the server makes all of them come at once.
    private func tellOfScarceConnections(_ administration: LogAdministration, _ fleet: FleetConfiguration, _ logger: Logger) async throws {
        let (admitted, wanted) = (try await administration.connectionsAdmitted(), LogAdministration.connectionsWanted(clusters: fleet.clusters.count))
        guard admitted < wanted else { return }
        logger.warning(
            "the database admits fewer connections than the fleet's shippers and this service may want; raise max_connections",
            metadata: ["admitted": "\(admitted)", "wanted": "\(wanted)"])
    }

    func validate() throws {
        _ = try chosenComponents()
        do { _ = try Endpoint(hostAndPort: listen) } catch { throw ValidationError("--listen: \(error)") }
        if let spool {
            var isDirectory = stat()
            guard unsafe stat(spool, &isDirectory) == 0, isDirectory.st_mode & S_IFMT == S_IFDIR else {
                throw ValidationError("--spool \(spool): no such directory; make one that belongs to this replica alone")
            }
        }
        if checkpoints != nil && checkpointKey == nil { throw ValidationError("--checkpoints: a checkpoint is signed; give --checkpoint-key as well") }
    }

    private func chosenComponents() throws -> Set<Component> {
        let words = components.split(separator: ",").map { $0.filter { $0 != " " } }
        return Set(
            try words.map { word in
                guard let component = Component(rawValue: word) else {
                    throw ValidationError("'\(word)' is no component; write some of coordinator,alerter,web")
                }
                return component
            })
    }

    private func page(
        _ settings: ConnectionSettings, _ fleet: FleetConfiguration, _ chosen: Set<Component>,
        _ windows: (coordinator: CoordinatorWindow, alerts: AlerterWindow, refusals: RefusalWindow), _ logger: Logger
    ) throws -> WebServer {
        let endpoint = try Endpoint(hostAndPort: listen)
        let connection = PostgresConnection(settings)
        let heads = LogReader(PostgresConnection(settings))
        let site = Site(
            readModel: PostgresReadModel(connection), now: { SystemClocks.wall() },
            readinessChecks: readinessChecks(heads, fleet, chosen, windows.coordinator),
            metrics: { ServeMetrics.families(windows.coordinator.newest, windows.alerts.newest, windows.refusals.newest) })
        return WebServer(site: site, host: endpoint.address.description, port: Int(endpoint.port), logger: logger) { port in
            logger.info("serving", metadata: ["port": "\(port)"])
        }
    }

    private func readinessChecks(
        _ heads: LogReader, _ fleet: FleetConfiguration, _ chosen: Set<Component>, _ window: CoordinatorWindow
    ) -> [HealthCheck] {
        let log = HealthCheck("log") {
            do {
                _ = try await heads.heads()
                return .healthy
            } catch { return .failed("the event log cannot be read: \(plainSentence(error))") }
        }
        guard chosen.contains(.coordinator) else { return [log] }
        let patience = max(.seconds(10), fleet.tick * 4)
        let coordinator = HealthCheck("coordinator") {
            guard let last = window.newest?.lastReadAt else { return .failed("the coordinator has not folded the log yet") }
            let age = SystemClocks.monotonic() - last
            return age <= patience ? .healthy : .failed("the coordinator has not been able to fold the log for \(age.readable)")
        }
        return [log, coordinator]
    }
}
