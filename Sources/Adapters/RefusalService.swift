public import EventStore
public import Logging
public import PostgreSQL
public import ServiceLifecycle
internal import Synchronization

/// Watches what the log refuses: reads the counts every 15 s, shows them to the metrics, and leaves a line where one has grown. A conflict is
/// an error: two writers with one identity, or a row that somebody changed.
public struct RefusalService: Service {
    private let database: ConnectionSettings
    private let window: RefusalWindow
    private let logger: Logger

    public init(database: ConnectionSettings, window: RefusalWindow, logger: Logger) {
        self.database = database
        self.window = window
        self.logger = logger
    }

    public func run() async throws {
        let connection = PostgresConnection(database)
        await cancelWhenGracefulShutdown {
            let clock = ContinuousClock()
            while !Task.isCancelled {
                // A database that is away is told by those who write to it.
                if let counts = try? await RefusalCount.all(connection) {
                    for (count, more) in window.show(counts) { tell(count, more) }
                }
                try? await clock.sleep(for: .seconds(15))  // ends early only when cancelled
            }
        }
    }

    private func tell(_ count: RefusalCount, _ more: Int64) {
        logger.log(
            level: count.word == "conflict" ? .error : .warning, "appends were refused",
            metadata: ["who": "\(count.who)", "why": "\(count.word)", "sentence": "\(count.sentence)", "more": "\(more)", "times": "\(count.times)"])
    }
}

/// The newest counts of what the log refused.
public final class RefusalWindow: Sendable {
    private let counts = Mutex<[RefusalCount]?>(nil)

    public init() {}

    public var newest: [RefusalCount] { counts.withLock { $0 ?? [] } }

    /// Shows new counts; returns those that have grown, and by how much. The first ones are where growth is counted from.
    func show(_ new: [RefusalCount]) -> [(RefusalCount, Int64)] {
        let old = counts.withLock { counts in
            defer { counts = new }
            return counts
        }
        guard let old else { return [] }
        var known: [String: Int64] = [:]
        for count in old { known["\(count.who) \(count.word)"] = count.times }
        return new.compactMap { count in
            let more = count.times - known["\(count.who) \(count.word)", default: 0]
            return more > 0 ? (count, more) : nil
        }
    }
}
