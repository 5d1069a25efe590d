import EventStore
public import Fleet
public import Logging
public import PostgreSQL
public import ServiceLifecycle

/// Keeps daily partitions made ahead, and drops what is older than the fleet's file keeps: at start, and every hour. Below `alarmDays` it
/// says so as an error: where they run out, shippers keep their batches and the centre goes blind. Every replica may: a day is sealed and
/// dropped under a lock.
public struct PartitionService: Service {
    public static let alarmDays: Int32 = 7

    private let database: ConnectionSettings
    private let retention: RetentionSpecification
    private let logger: Logger

    public init(database: ConnectionSettings, retention: RetentionSpecification, logger: Logger) {
        self.database = database
        self.retention = retention
        self.logger = logger
    }

    public func run() async throws {
        var settings = database
        // Sealing reads the day that goes: at a thousand sites some ten million rows. Nobody waits for it.
        settings.statementTimeout = .seconds(600)
        let connection = PostgresConnection(settings)
        let administration = LogAdministration(connection)
        await cancelWhenGracefulShutdown {
            let clock = ContinuousClock()
            while !Task.isCancelled {
                do { try await administration.makePartitions() } catch {
                    logger.warning("partitions could not be made ahead", metadata: ["error": "\(error)"])
                }
                if let ahead = try? await administration.partitionDaysAhead(), ahead < PartitionService.alarmDays {  // not known: told above
                    logger.error("partitions run out", metadata: ["partition.days_ahead": "\(ahead)"])
                }
                do { try await keepTo(LogRetention(connection)) } catch {
                    logger.warning("what is older than the fleet keeps could not be dropped; it is tried again in an hour", metadata: ["error": "\(error)"])
                }
                try? await clock.sleep(for: .seconds(3600))  // ends early only when cancelled
            }
        }
    }

    private func keepTo(_ log: LogRetention) async throws {
        try await log.set(retention)
        if let keepDays = retention.log {
            for day in try await log.days() where day.bytes != nil {
                let obstacles = try await log.obstacles(day: day.day, keepDays: keepDays)
                guard let obstacle = obstacles.first else {
                    let streams = try await log.drop(day: day.day, keepDays: keepDays)
                    logger.info("a day of the log is sealed and dropped", metadata: ["day": "\(day.day)", "streams": "\(streams)"])
                    continue
                }
                if !LogRetention.isYoung(obstacle) {
                    logger.warning("a day is older than the log is kept, and cannot be dropped yet", metadata: ["day": "\(day.day)", "why": "\(obstacle)"])
                }
                break
            }
        }
        let gone = try await log.pruneRollups(retention)
        if gone > 0 { logger.info("old roll-ups are forgotten", metadata: ["rows": "\(gone)"]) }
    }
}
