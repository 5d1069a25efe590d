public import Coordination
public import Coordinator
public import Events
public import EventStore
import PostgreSQL

/// The coordinator's lease, kept in its row.
public struct CoordinatorLease: LeaseKeeper {
    private let store: LeaseStore
    public init(_ store: LeaseStore) { self.store = store }

    public func ask() async throws -> LeaseAnswer {
        let holding = try await store.acquire()
        return holding.isMine ? .held(term: holding.term) : .heldByOther(holder: holding.holder, term: holding.term)
    }

    public func resign(term: Int64) async {
        // On the way out: a row that cannot be given up expires by itself.
        _ = try? await store.resign(term: term)
    }
}

/// The streams of the log, read by cursor.
public struct CoordinatorLogSource: LogSource {
    private let reader: LogReader
    public init(_ reader: LogReader) { self.reader = reader }

    public func records(after cursors: [StreamName: Int64]) async throws -> (records: [LogRecord], isComplete: Bool) {
        try await reader.records(after: cursors)
    }
}
