import EventStore
public import Logging
public import PostgreSQL
public import ServiceLifecycle

/// Keeps daily partitions made ahead: at start, and every hour.
public struct PartitionService: Service {
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
                try? await clock.sleep(for: .seconds(3600))  // ends early only when cancelled
            }
        }
    }
}
