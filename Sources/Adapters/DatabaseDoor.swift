import Coordination
import Coordinator
public import Events
import PostgreSQL
import Synchronization

/// One of the database's doors, watched: an outage is told of when it begins, when its reason changes, and when it ends, and not at
/// each attempt between. A process that merely retries would leave no line of a wrong password.
public final class DatabaseDoor: Sendable {
    /// `reason` is nil where the door answers again.
    public typealias Tell = @Sendable (_ door: String, _ reason: String?) -> Void

    private let name: String
    private let tell: Tell
    /// What kind of failure stands, without what differs from attempt to attempt; nil where the door answers.
    private let failure = Mutex<String?>(nil)

    /// - Parameter name: what goes through it, in one word, as a log line shows it.
    public init(_ name: String, tell: @escaping Tell) {
        self.name = name
        self.tell = tell
    }

    /// - Parameter isProof: whether an answer says that the door is whole again. A full disk refuses what is appended and still
    ///   lets a stream be opened: who told of both in turn would fill the log.
    func watch<Answer>(isProof: Bool = true, _ body: () async throws -> Answer) async throws -> Answer {
        do {
            let answer = try await body()
            if isProof { become(nil, because: nil) }
            return answer
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            let database = error as? PostgresError
            become(database.map { "\($0.code) \($0.underlying)" } ?? "\(type(of: error))", because: plainSentence(error))
            throw error
        }
    }

    private func become(_ newFailure: String?, because reason: String?) {
        let isNews = failure.withLock { known in
            defer { known = newFailure }
            return known != newFailure
        }
        if isNews { tell(name, reason) }
    }
}

/// A log whose outages are told of.
public struct WatchedLog: EventLog {
    private let log: any EventLog
    private let door: DatabaseDoor
    public init(_ log: any EventLog, _ door: DatabaseDoor) {
        self.log = log
        self.door = door
    }
    public func answer(_ request: LogRequest) async throws -> LogAnswer {
        let isProof = if case .open = request { false } else { true }
        return try await door.watch(isProof: isProof) { try await log.answer(request) }
    }
}

/// A lease whose outages are told of.
struct WatchedLease: LeaseKeeper {
    let lease: any LeaseKeeper
    let door: DatabaseDoor
    func ask(highestTermSeen: Int64) async throws -> LeaseAnswer {
        try await door.watch { try await lease.ask(highestTermSeen: highestTermSeen) }
    }
    func resign(term: Int64) async { await lease.resign(term: term) }
}

/// A reader of the log whose outages are told of.
struct WatchedSource: LogSource {
    let source: any LogSource
    let door: DatabaseDoor
    func reading(after cursors: [StreamName: Int64]) async throws -> LogReading {
        try await door.watch { try await source.reading(after: cursors) }
    }
    func place() async throws -> FleetPlace { try await door.watch { try await source.place() } }
}
