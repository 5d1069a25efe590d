public import Alerter
import Clocks
import Coordination
import Cryptography
import EventStore
import Events
public import Fleet
public import HTTPTransport
public import Logging
public import PostgreSQL
import Quantities
public import ServiceLifecycle
import Synchronization

/// The alerter as a service of `fairlead serve`: its own connections for the lease, for writing, for reading and for the outbox, so
/// that a slow read delays neither a renewal nor a message.
public struct AlerterService: Service {
    private let fleet: FleetConfiguration
    private let database: ConnectionSettings
    private let holder: String
    private let carrier: WebhookCarrier
    private let schedule: DeliverySchedule
    private let window: AlerterWindow
    private let failpoint: Failpoint
    private let spoolDirectory: String?
    private let logger: Logger

    /// Throws a sentence where a receiver's signing secret cannot be used: better now than with the first alert.
    /// - Parameter holder: one incarnation of a process, never used by another.
    public init(
        fleet: FleetConfiguration, database: ConnectionSettings, holder: String, http: HTTPClient,
        schedule: DeliverySchedule = .standard, window: AlerterWindow = AlerterWindow(),
        failpoint: Failpoint = Failpoint(environment: [:]), spoolDirectory: String? = nil, logger: Logger
    ) throws {
        self.fleet = fleet
        self.database = database
        self.holder = holder
        carrier = WebhookCarrier(http: http)
        self.schedule = schedule
        self.window = window
        self.failpoint = failpoint
        self.spoolDirectory = spoolDirectory
        self.logger = logger
        for receiver in fleet.alerts.receivers { _ = try carrier.secrets(of: receiver) }
    }

    public func run() async throws {
        var generator = SecureRandomNumberGenerator()
        let tell: @Sendable (String, [String: String]) -> Void = { [logger] message, facts in
            logger.info("\(message)", metadata: facts.mapValues { .string($0) })
        }
        let spooled = SpooledLog.make(.alerter, in: spoolDirectory, database: database) { [logger] message, facts in
            // What becomes of the copies decides what a restore can bring back.
            logger.warning("\(message)", metadata: facts.mapValues { .string($0) })
        }
        let lease = LeaseStore(PostgresConnection(database), name: "alerter", holder: holder, duration: fleet.lease.duration)
        let ports = AlerterPorts(
            lease: LeaseRow(lease, spool: spooled), log: spooled ?? PostgresLog(PostgresConnection(database)),
            feed: AlerterLogFeed(
                AlertLogReader(
                    PostgresConnection(database), consumer: "alerter", clusters: fleet.clusters.count,
                    entriesOfCluster: AlerterProcess.entriesReadOfCluster(in: fleet))),
            outbox: AlerterOutboxStore(OutboxStore(PostgresConnection(database), lease: "alerter", holder: holder)), carrier: carrier,
            now: { SystemClocks.now() },
            tell: tell,
            show: { [window] in window.show($0) }, reach: { [failpoint] in failpoint.reach($0.rawValue) })
        let process = AlerterProcess(fleet: fleet, hash: .libcrypto, seed: generator.next(), schedule: schedule)
        let run = AlerterRun(ports: ports, clock: ContinuousClock(), tickEvery: min(.seconds(1), fleet.tick))
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                if let spooled { group.addTask { await spooled.follow(every: min(.seconds(1), fleet.tick), on: ContinuousClock()) } }
                await run.run(process)
                group.cancelAll()
            }
        }
    }
}

/// What the rest of the process may see of the alerter: a copy, replaced after each step.
public final class AlerterWindow: Sendable {
    private let copy = Mutex<AlerterProcess?>(nil)
    public init() {}
    func show(_ process: AlerterProcess) { copy.withLock { $0 = process } }
    public var newest: AlerterProcess? { copy.withLock { $0 } }
}
