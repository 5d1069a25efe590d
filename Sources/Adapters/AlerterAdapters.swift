public import Alerter
public import Alerting
public import Coordination
public import EventStore
public import Events

/// The alerter's lease, kept in its row.
public struct AlerterLeaseRow: AlerterLease {
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

/// The streams of the log, with the log's clock.
public struct AlerterLogFeed: AlerterFeed {
    private let reader: AlertLogReader
    public init(_ reader: AlertLogReader) { self.reader = reader }

    public func place() async throws -> FeedPlace {
        let place = try await reader.place()
        return FeedPlace(cursors: place.cursors, rosters: place.rosters)
    }

    public func reading(after cursors: [StreamName: Int64]) async throws -> FeedReading {
        let (batch, logTime) = try await reader.batch(after: cursors)
        return FeedReading(records: batch.records, isComplete: batch.isComplete, logTime: logTime, movedBack: batch.movedBack)
    }
}

/// The outbox in the database.
public struct AlerterOutboxStore: AlerterOutbox {
    private let store: OutboxStore
    public init(_ store: OutboxStore) { self.store = store }

    public func recall() async throws -> AlertMemory { try await store.recall() }
    public func store(_ entry: OutboxEntry) async throws -> OutboxAnswer { try await store.store(entry) ? .stored : .deposed }
    public func due(perReceiver: Int, except ids: [String]) async throws -> [DueNotification] {
        try await store.due(perReceiver: perReceiver, except: ids)
    }
    public func settle(_ attempt: DeliveryAttempt) async throws {
        try await store.settle(attempt.id, attempt: attempt.attempt, attempt.settlement, detail: attempt.detail)
    }
}
