import Alerter
import Alerting
import Coordination
import Events
import Quantities

/// The lease's row and the outbox as plain values: what the SQL statements do, told simply.
struct StoryDatabase {
    struct Row {
        var notification: AlertNotification
        var attempts = 0
        var nextAttemptAt: MonotonicTime
        var state = "due"
        var detail: String?
    }
    private var lease: (holder: String, term: Int64, expiresAt: MonotonicTime)?
    private(set) var rows: [Row] = []
    private(set) var cursors: [StreamName: Int64] = [:]

    mutating func askLease(_ holder: String, _ duration: Nanoseconds, _ now: MonotonicTime) -> LeaseAnswer {
        if let lease, lease.expiresAt > now, lease.holder != holder { return .heldByOther(holder: lease.holder, term: lease.term) }
        let isRenewal = lease.map { $0.holder == holder && $0.expiresAt > now } ?? false
        let term = isRenewal ? lease!.term : (lease?.term ?? 0) + 1
        lease = (holder, term, now + duration)
        return .held(term: term)
    }

    mutating func store(_ entry: OutboxEntry, holder: String, _ now: MonotonicTime) -> OutboxAnswer {
        guard let lease, lease.holder == holder, lease.term == entry.term else { return .deposed }
        for notification in entry.notifications where !rows.contains(where: { $0.notification.id == notification.id }) {
            rows.append(Row(notification: notification, nextAttemptAt: now))
        }
        cursors.merge(entry.cursors) { max($0, $1) }
        return .stored
    }

    func due(perReceiver: Int, except: [String], _ now: MonotonicTime) -> [DueNotification] {
        var seen: Set<String> = []
        let first = rows.filter { $0.state == "due" && seen.insert("\($0.notification.receiver) \($0.notification.cluster)").inserted }
        return first.filter { $0.nextAttemptAt <= now && !except.contains($0.notification.id) }
            .map { DueNotification(notification: $0.notification, attempts: $0.attempts) }
    }

    mutating func settle(_ attempt: DeliveryAttempt, _ now: MonotonicTime) {
        guard let place = rows.firstIndex(where: { $0.notification.id == attempt.id && $0.state == "due" }) else { return }
        rows[place].attempts = max(rows[place].attempts, attempt.attempt)
        rows[place].detail = attempt.detail
        switch attempt.settlement {
        case .delivered: rows[place].state = "delivered"
        case .dead: rows[place].state = "dead"
        case .retry(let after): rows[place].nextAttemptAt = now + after
        }
    }

    func recall(_ records: [LogRecord]) -> AlertMemory {
        var newest: [String: (change: AlertChange, at: WallTime)] = [:]
        for record in records {
            guard case .event(let envelope) = record.entry, case .alertChanged(let change)? = try? envelope.fact() else { continue }
            newest[change.fingerprint] = (change, envelope.at)
        }
        return AlertMemory(
            changes: newest.values.sorted { $0.change.fingerprint < $1.change.fingerprint }, notifications: rows.map(\.notification))
    }
}
