import EventStore
public import Logging
public import PostgreSQL
public import ServiceLifecycle

/// Keeps daily partitions made ahead: at start, and every hour. Below `alarmDays` it says so as an error: where they run out, shippers
/// keep their batches and the centre goes blind.
public struct PartitionService: Service {
    public static let alarmDays: Int32 = 7

    private let database: ConnectionSettings
    private let logger: Logger

    public init(database: ConnectionSettings, logger: Logger) {
        self.database = database
        self.logger = logger
    }

    public func run() async throws {
        let administration = LogAdministration(PostgresConnection(database))
        await cancelWhenGracefulShutdown {
            let clock = ContinuousClock()
            while !Task.isCancelled {
                do { try await administration.makePartitions() } catch {
                    logger.warning("partitions could not be made ahead", metadata: ["error": "\(error)"])
                }
                if let ahead = try? await administration.partitionDaysAhead(), ahead < PartitionService.alarmDays {  // not known: told above
                    logger.error("partitions run out", metadata: ["partition.days_ahead": "\(ahead)"])
                }
                try? await clock.sleep(for: .seconds(3600))  // ends early only when cancelled
            }
        }
    }
}
