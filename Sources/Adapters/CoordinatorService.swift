import Clocks
import Coordination
public import Coordinator
import Cryptography
import EventStore
import Events
public import Fleet
public import Logging
public import PostgreSQL
import Quantities
public import ServiceLifecycle
import Synchronization

/// The coordinator as a service of `fairlead serve`: its own connections for the lease, for writing and for reading, so that a
/// slow read never delays a renewal.
public struct CoordinatorService: Service {
    private let fleet: FleetConfiguration
    private let database: ConnectionSettings
    private let holder: String
    private let push: (any PushEnforcer)?
    private let logger: Logger
    private let window: CoordinatorWindow
    private let failpoint: Failpoint
    private let spoolDirectory: String?

    public init(
        fleet: FleetConfiguration, database: ConnectionSettings, holder: String, push: (any PushEnforcer)?, window: CoordinatorWindow,
        failpoint: Failpoint, spoolDirectory: String? = nil, logger: Logger
    ) {
        self.fleet = fleet
        self.database = database
        self.holder = holder
        self.push = push
        self.window = window
        self.failpoint = failpoint
        self.spoolDirectory = spoolDirectory
        self.logger = logger
    }

    public func run() async throws {
        var generator = SecureRandomNumberGenerator()
        let tell: @Sendable (String, [String: String]) -> Void = { [logger] message, facts in
            logger.info("\(message)", metadata: facts.mapValues { .string($0) })
        }
        let outage: DatabaseDoor.Tell = { [logger] door, reason in
            guard let reason else { return logger.notice("the database answers the coordinator again", metadata: ["door": "\(door)"]) }
            logger.error("the database does not answer the coordinator", metadata: ["door": "\(door)", "error": "\(reason)"])
        }
        let spooled = SpooledLog.make(.coordinator, in: spoolDirectory, database: database) { [logger] message, facts in
            // What becomes of the copies decides what a restore can bring back.
            logger.warning("\(message)", metadata: facts.mapValues { .string($0) })
        }
        let lease = LeaseStore(PostgresConnection(database), name: "coordinator", holder: holder, duration: fleet.lease.duration)
        let ports = CoordinatorPorts(
            lease: WatchedLease(lease: LeaseRow(lease, spool: spooled), door: DatabaseDoor("lease", tell: outage)),
            log: WatchedLog(spooled ?? PostgresLog(PostgresConnection(database)), DatabaseDoor("log", tell: outage)),
            source: WatchedSource(
                source: CoordinatorLogSource(PostgresConnection(database), clusters: fleet.clusters.count), door: DatabaseDoor("feed", tell: outage)),
            push: push, now: { SystemClocks.now() },
            tell: tell,
            show: { [window] in window.show($0) }, beforeSending: { [failpoint] in failpoint.reach(before: $0) })
        let process = CoordinatorProcess(fleet: fleet, hash: .libcrypto, seed: generator.next())
        let poll = min(Nanoseconds.milliseconds(500), Nanoseconds(fleet.tick.count / 4))
        let run = CoordinatorRun(ports: ports, clock: ContinuousClock(), pollEvery: poll)
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                if let spooled { group.addTask { await spooled.follow(every: poll, on: ContinuousClock()) } }
                await run.run(process)
                group.cancelAll()
            }
        }
    }
}

/// What the rest of the process may see of the coordinator: a copy, replaced after each step.
public final class CoordinatorWindow: Sendable {
    private let copy = Mutex<CoordinatorProcess?>(nil)
    public init() {}
    func show(_ process: CoordinatorProcess) { copy.withLock { $0 = process } }
    public var newest: CoordinatorProcess? { copy.withLock { $0 } }
}
