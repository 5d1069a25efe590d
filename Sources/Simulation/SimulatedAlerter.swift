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
    /// Where each stands, and which of them are not settled, in their order.
    private var places: [String: Int] = [:]
    private var unsettled: [Int] = []
    private(set) var cursors: [StreamName: Int64] = [:]

    mutating func store(_ entry: OutboxEntry, at now: MonotonicTime) {
        for notification in entry.notifications where !holds(notification.id) {
            places[notification.id] = rows.count
            unsettled.append(rows.count)
            rows.append(Row(notification: notification, nextAttemptAt: now))
        }
        cursors.merge(entry.cursors) { max($0, $1) }
    }
    func holds(_ id: String) -> Bool { places[id] != nil }
    func waiting(for cluster: String) -> Int { unsettled.count { rows[$0].notification.cluster == cluster } }

    /// The oldest unsettled one for each receiver and cluster, where its time has come: what follows it waits.
    func due(except busy: [String], at now: MonotonicTime) -> [DueNotification] {
        var seen: Set<String> = []
        let first = unsettled.map { rows[$0] }.filter { seen.insert("\($0.notification.receiver) \($0.notification.cluster)").inserted }
        return first.filter { $0.nextAttemptAt <= now && !busy.contains($0.notification.id) }
            .map { DueNotification(notification: $0.notification, attempts: $0.attempts) }
    }

    mutating func settle(_ attempt: DeliveryAttempt, at now: MonotonicTime) {
        guard let place = places[attempt.id], !rows[place].isSettled else { return }
        rows[place].attempts = max(rows[place].attempts, attempt.attempt)
        switch attempt.settlement {
        case .delivered, .dead:
            rows[place].isSettled = true
            unsettled.removeAll { $0 == place }
        case .retry(let after): rows[place].nextAttemptAt = now + after
        }
    }
}
