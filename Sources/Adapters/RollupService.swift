import EventStore
public import Logging
public import PostgreSQL
public import ServiceLifecycle

/// Folds the log into the roll-ups as it grows. Every replica may: a stream is folded under a lock, and from where it stands.
public struct RollupService: Service {
    /// How long it rests once the roll-ups stand at the heads.
    private static let pause: Duration = .seconds(10)

    private let database: ConnectionSettings
    private let logger: Logger

    public init(database: ConnectionSettings, logger: Logger) {
        self.database = database
        self.logger = logger
    }

    public func run() async throws {
        let projections = Projections(PostgresConnection(database))
        await cancelWhenGracefulShutdown {
            let clock = ContinuousClock()
            while !Task.isCancelled {
                do {
                    while !Task.isCancelled, try await projections.fold() > 0 {}
                } catch {
                    logger.warning("the roll-ups could not be folded", metadata: ["error": "\(error)"])
                }
                try? await clock.sleep(for: RollupService.pause)  // ends early only when cancelled
            }
        }
    }
}
