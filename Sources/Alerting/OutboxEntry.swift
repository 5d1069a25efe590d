public import Events
public import Quantities

/// A notification that is to be tried now.
public struct DueNotification: Equatable, Sendable {
    public var notification: AlertNotification
    /// Attempts made before, by whoever led.
    public var attempts: Int

    public init(notification: AlertNotification, attempts: Int) {
        self.notification = notification
        self.attempts = attempts
    }
}

/// What came of an attempt, as the outbox keeps it.
public enum NotificationSettlement: Equatable, Sendable {
    case delivered
    /// Try again after this long, by the database's clock.
    case retry(after: Nanoseconds)
    /// Given up: stays visible for a person.
    case dead
}

/// What the database remembers of alerts: enough for a successor to go on where its predecessor stopped.
public struct AlertMemory: Sendable {
    /// The newest change of each alert on the log, and when it was made.
    public var changes: [(change: AlertChange, at: WallTime)]
    /// What the outbox holds, sent or still to be sent, oldest first.
    public var notifications: [AlertNotification]

    public init(changes: [(change: AlertChange, at: WallTime)] = [], notifications: [AlertNotification] = []) {
        self.changes = changes
        self.notifications = notifications
    }
}

/// A leader's note of what it is about to tell, stored before anybody is told, in one transaction.
public struct OutboxEntry: Equatable, Sendable {
    /// The lease's term under which it was decided: under an older one than the lease has, nothing is stored.
    public var term: Int64
    public var notifications: [AlertNotification]
    /// How far each stream has been read by now.
    public var cursors: [StreamName: Int64]

    public init(term: Int64, notifications: [AlertNotification], cursors: [StreamName: Int64]) {
        self.term = term
        self.notifications = notifications
        self.cursors = cursors
    }
}
