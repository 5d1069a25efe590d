public import Alerter
public import Alerting
public import EventStore
public import Events
public import Quantities

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
        return FeedReading(
            records: batch.records, unreadable: batch.unreadable + batch.dropped, isComplete: batch.isComplete, logTime: logTime, movedBack: batch.movedBack)
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
    public func prune(term: Int64, keep: Nanoseconds) async throws -> Int {
        try await store.prune(term: term, keep: keep, atMost: AlerterProcess.maximumPruned)
    }
    public func settle(_ attempt: DeliveryAttempt) async throws {
        try await store.settle(attempt.id, attempt: attempt.attempt, attempt.settlement, detail: attempt.detail)
    }
}
