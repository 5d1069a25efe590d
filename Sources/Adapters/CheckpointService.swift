import Clocks
import Coordinator
import Cryptography
import EventStore
import Events
import Glibc
public import Logging
public import PostgreSQL
import Quantities
public import ServiceLifecycle

/// Every minute, while this replica's coordinator leads: a signed checkpoint of all heads, on the log and outside the database.
public struct CheckpointService: Service {
    private static let interval: Duration = .seconds(60)

    private let database: ConnectionSettings
    private let key: CheckpointKey
    private let file: String?
    private let window: CoordinatorWindow
    private let logger: Logger

    /// - Parameter file: where each checkpoint is appended as a line; nil: its root and signature go to the program's own log only.
    public init(database: ConnectionSettings, key: CheckpointKey, file: String?, window: CoordinatorWindow, logger: Logger) {
        self.database = database
        self.key = key
        self.file = file
        self.window = window
        self.logger = logger
    }

    public func run() async throws {
        let checkpoints = CheckpointLog(PostgresConnection(database), hash: .libcrypto)
        await cancelWhenGracefulShutdown {
            let clock = ContinuousClock()
            while !Task.isCancelled {
                try? await clock.sleep(for: CheckpointService.interval)  // ends early only when cancelled
                guard !Task.isCancelled, let term = window.newest?.actingTerm(at: SystemClocks.monotonic()) else { continue }
                do {
                    guard let made = try await checkpoints.make(term: term, key: key.name, at: SystemClocks.wall(), sign: { key.sign($0) }) else { continue }
                    logger.info(
                        "checkpoint",
                        metadata: [
                            "checkpoint.number": "\(made.number)", "checkpoint.root": "\(made.root)", "checkpoint.key": "\(made.key)",
                            "checkpoint.signature": "\(hexadecimal(made.signature))",
                        ])
                    if let file, !CheckpointService.append(made.text + "\n", to: file) {
                        logger.error("a checkpoint could not be written outside the database", metadata: ["file": "\(file)"])
                    }
                } catch {
                    logger.warning("no checkpoint was made", metadata: ["error": "\(error)"])
                }
            }
        }
    }

    /// Whole and on the disk, or false.
    static func append(_ line: String, to path: String) -> Bool {
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        let bytes = Array(line.utf8)
        return unsafe write(descriptor, bytes, bytes.count) == bytes.count && fsync(descriptor) == 0
    }
}
