import Alerter
import Alerting
import Events
import Fleet
import Quantities

/// What happens next to an alerter.
enum AlerterOccasion: Sendable {
    case tick
    /// `life`: which process, of those that were started one after the other, it is for.
    case input(AlerterInput, life: Int)
    /// What it asked for reaches the database or the receiver.
    case asked(AlerterEffect, life: Int)
    /// One that stood still goes on with what it had decided.
    case released([AlerterEffect], life: Int)
}

/// The outbox and the alerter's cursors in the simulated database: what the statements of `schema/queries` do, told simply.
struct SimulatedOutbox: Sendable {
    struct Row: Sendable {
        let notification: AlertNotification
        var attempts = 0
        /// By the database's clock, which is taken to be right here: it orders nothing that an invariant speaks of.
        var nextAttemptAt: MonotonicTime
        /// Delivered, or given up.
        var isSettled = false
    }
    private(set) var rows: [Row] = []
    private(set) var cursors: [StreamName: Int64] = [:]

    mutating func store(_ entry: OutboxEntry, at now: MonotonicTime) {
        for notification in entry.notifications where !holds(notification.id) {
            rows.append(Row(notification: notification, nextAttemptAt: now))
        }
        cursors.merge(entry.cursors) { max($0, $1) }
    }
    func holds(_ id: String) -> Bool { rows.contains { $0.notification.id == id } }
    func waiting(for cluster: String) -> Int { rows.count { !$0.isSettled && $0.notification.cluster == cluster } }

    /// The oldest unsettled one for each receiver and cluster, where its time has come: what follows it waits.
    func due(except busy: [String], at now: MonotonicTime) -> [DueNotification] {
        var seen: Set<String> = []
        let first = rows.filter { !$0.isSettled && seen.insert("\($0.notification.receiver) \($0.notification.cluster)").inserted }
        return first.filter { $0.nextAttemptAt <= now && !busy.contains($0.notification.id) }
            .map { DueNotification(notification: $0.notification, attempts: $0.attempts) }
    }

    mutating func settle(_ attempt: DeliveryAttempt, at now: MonotonicTime) {
        guard let place = rows.firstIndex(where: { $0.notification.id == attempt.id && !$0.isSettled }) else { return }
        rows[place].attempts = max(rows[place].attempts, attempt.attempt)
        switch attempt.settlement {
        case .delivered, .dead: rows[place].isSettled = true
        case .retry(let after): rows[place].nextAttemptAt = now + after
        }
    }
}
