public import Alerting
public import Coordination
public import Events
public import Quantities

/// The log, as the alerter reads it.
public protocol AlerterFeed: Sendable {
    /// From where to read.
    func place() async throws -> FeedPlace
    /// What follows the cursors in every stream; bounded.
    func reading(after cursors: [StreamName: Int64]) async throws -> FeedReading
}

/// The notifications in the database, and what it remembers of alerts.
public protocol AlerterOutbox: Sendable {
    func recall() async throws -> AlertMemory
    /// Stores all of the entry or, where its term is not the lease's any more, nothing.
    func store(_ entry: OutboxEntry) async throws -> OutboxAnswer
    func due(perReceiver: Int, except ids: [String]) async throws -> [DueNotification]
    func settle(_ attempt: DeliveryAttempt) async throws
    /// Forgets settled messages older than `keep`, at most `AlerterProcess.maximumPruned`, where the term is still the lease's; how many.
    func prune(term: Int64, keep: Nanoseconds) async throws -> Int
}

/// Brings a notification to its receiver.
public protocol NotificationCarrier: Sendable {
    func deliver(_ delivery: AlertDelivery) async -> DeliveryOutcome
    /// Nil where it was taken, else why not.
    func beat(_ heartbeat: Heartbeat) async -> String?
}

/// A place in the run at which a process test may stop or kill this process.
public enum AlerterStage: String, Sendable {
    /// An entry was decided and is not in the outbox.
    case beforeStore = "alerter.before-store"
    /// A notification is in the outbox and was not sent.
    case beforeDelivery = "alerter.before-delivery"
    /// It was sent, and the outbox does not know.
    case beforeSettlement = "alerter.before-settlement"
}

public struct AlerterPorts: Sendable {
    public var lease: any LeaseKeeper
    public var log: any EventLog
    public var feed: any AlerterFeed
    public var outbox: any AlerterOutbox
    public var carrier: any NotificationCarrier
    public var now: @Sendable () -> Now
    public var tell: @Sendable (String, [String: String]) -> Void
    /// Called after every step.
    public var show: @Sendable (AlerterProcess) -> Void
    /// Called when a stage is reached.
    public var reach: @Sendable (AlerterStage) -> Void

    public init(
        lease: any LeaseKeeper, log: any EventLog, feed: any AlerterFeed, outbox: any AlerterOutbox, carrier: any NotificationCarrier,
        now: @escaping @Sendable () -> Now, tell: @escaping @Sendable (String, [String: String]) -> Void = { _, _ in },
        show: @escaping @Sendable (AlerterProcess) -> Void = { _ in }, reach: @escaping @Sendable (AlerterStage) -> Void = { _ in }
    ) {
        self.lease = lease
        self.log = log
        self.feed = feed
        self.outbox = outbox
        self.carrier = carrier
        self.now = now
        self.tell = tell
        self.show = show
        self.reach = reach
    }
}
