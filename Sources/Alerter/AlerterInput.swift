public import Alerting
public import Coordination
public import Events
public import Fleet
public import Quantities

/// What reaches the alerter from outside.
public enum AlerterInput: Sendable {
    /// A tick of its own is due.
    case tick
    /// From where the log is to be read.
    case placed(FeedPlace)
    case placeUnknown
    case read(FeedReading)
    case readFailed
    case leaseAnswered(LeaseAnswer)
    case leaseUnanswered
    case logAnswered(LogAnswer)
    case logUnreachable
    /// What the predecessors left, asked for under this term.
    case recalled(AlertMemory, term: Int64)
    case recallFailed(term: Int64)
    /// The outbox has the entry of this term; or it has not, because the lease has another holder or term by now.
    case stored(OutboxAnswer, term: Int64)
    case storeFailed(term: Int64)
    case due([DueNotification])
    case dueUnknown
    /// One attempt to deliver ended.
    case attempted(id: String, DeliveryOutcome)
    case settled(id: String)
    case settleFailed(id: String)
    /// A heartbeat was sent; nil where it was taken, else why not.
    case beaten(failure: String?)
    /// So many old messages were forgotten.
    case pruned(Int)
    case pruneFailed
    case woke
}

/// What the alerter wants done outside, in order.
public enum AlerterEffect: Equatable, Sendable {
    /// Acquire or renew the lease; report `leaseAnswered` or `leaseUnanswered`.
    case askLease
    /// Find out from where to read; report `placed` or `placeUnknown`.
    case findPlace
    /// Read what follows these cursors in every stream; report `read` or `readFailed`.
    case readLog(after: [StreamName: Int64])
    case send(LogRequest)
    /// Load what the predecessors left; report `recalled` or `recallFailed`.
    case recall(term: Int64)
    /// Store, if the lease is still held under the entry's term; report `stored` or `storeFailed`.
    case store(OutboxEntry)
    /// Load notifications that are to be tried now, at most so many per receiver and none of these; report `due` or `dueUnknown`.
    case loadDue(perReceiver: Int, except: [String])
    /// Try once; report `attempted`.
    case deliver(AlertDelivery)
    /// Keep what came of an attempt; report `settled` or `settleFailed`.
    case settle(DeliveryAttempt)
    /// Tell the dead man's switch that the alerter lives; report `beaten`.
    case beat(Heartbeat)
    /// Forget settled messages older than `keep`, if the lease is still held under the term; report `pruned` or `pruneFailed`.
    case prune(term: Int64, keep: Nanoseconds)
    case wake(at: MonotonicTime)
    case note(String, [String: String])
}

public enum OutboxAnswer: Equatable, Sendable {
    case stored
    /// Nothing was stored: the term is not the lease's any more.
    case deposed
}

/// Where the alerter's reading of the log begins.
public struct FeedPlace: Equatable, Sendable {
    /// Entries up to here are not read. A stream that is not named is read from its beginning.
    public var cursors: [StreamName: Int64]
    /// For each stream, the newest roster up to there: the one that the ticks behind it name.
    public var rosters: [LogPosition: Roster]

    public init(cursors: [StreamName: Int64] = [:], rosters: [LogPosition: Roster] = [:]) {
        self.cursors = cursors
        self.rosters = rosters
    }
}

/// What one reading of the log brought.
public struct FeedReading: Sendable {
    /// In order per stream.
    public var records: [LogRecord]
    /// The places that hold what this version cannot read, or nothing any more: the reader goes past them.
    public var unreadable: [LogPosition]
    /// Nothing more stood behind these at that moment.
    public var isComplete: Bool
    /// The log's own clock after the reading: the age of a record is counted from here.
    public var logTime: WallTime
    /// Streams that end before the cursor: the database was restored to an older state.
    public var movedBack: [StreamName]

    public init(
        records: [LogRecord], unreadable: [LogPosition] = [], isComplete: Bool, logTime: WallTime, movedBack: [StreamName] = []
    ) {
        self.records = records
        self.unreadable = unreadable
        self.isComplete = isComplete
        self.logTime = logTime
        self.movedBack = movedBack
    }
}

/// One attempt to deliver one notification.
public struct AlertDelivery: Equatable, Sendable {
    public var notification: AlertNotification
    public var receiver: WebhookReceiver
    /// Counts from 1, over all leaders.
    public var attempt: Int

    public init(notification: AlertNotification, receiver: WebhookReceiver, attempt: Int) {
        self.notification = notification
        self.receiver = receiver
        self.attempt = attempt
    }
}

/// A sign of life for a receiver that raises an alarm of its own when none comes.
public struct Heartbeat: Equatable, Sendable {
    public var url: String
    public var term: Int64
    /// How many alerts fire.
    public var firing: Int
    public var at: WallTime
}

/// How an attempt ended.
public enum DeliveryOutcome: Equatable, Sendable {
    case delivered
    /// Not now; `after` where the receiver said when.
    case failed(retryAfter: Nanoseconds?, reason: String)
    /// No further attempt can help.
    case refused(reason: String)
}

/// What is kept of an attempt.
public struct DeliveryAttempt: Equatable, Sendable {
    public var id: String
    public var receiver: String
    public var attempt: Int
    public var settlement: NotificationSettlement
    /// What the attempt met; nil where it was delivered. Without secrets.
    public var detail: String?

    public init(id: String, receiver: String, attempt: Int, settlement: NotificationSettlement, detail: String?) {
        self.id = id
        self.receiver = receiver
        self.attempt = attempt
        self.settlement = settlement
        self.detail = detail
    }
}
