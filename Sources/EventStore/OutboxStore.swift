public import Alerting
import Events
public import PostgreSQL
public import Quantities
import Schema

/// The notifications to deliver: written before anybody is told, kept after. Delivery is at least once; the id lets a receiver
/// drop the second. It also remembers, with the alerts' projection, what a successor of the alerter must know.
public struct OutboxStore: Sendable {
    /// The most that one call returns: of notifications to try, of what was told, of alerts.
    public static let maximumDue: Int32 = 1_000
    public static let maximumRestored: Int32 = 10_000
    public static let maximumAlerts: Int32 = 100_000

    private let connection: PostgresConnection
    private let lease: String
    private let holder: String

    /// - Parameters:
    ///   - lease: the name of the lease that whoever writes must hold; also the name under which the cursors are kept.
    ///   - holder: the incarnation that holds it.
    public init(_ connection: PostgresConnection, lease: String, holder: String) {
        self.connection = connection
        self.lease = lease
        self.holder = holder
    }

    /// Stores the whole entry, in one transaction, if the lease is still held under its term. What is stored already stays as it is.
    /// - Returns: false where another holder or term has the lease: then nothing was written.
    public func store(_ entry: OutboxEntry) async throws(PostgresError) -> Bool {
        let notifications = entry.notifications
        let cursors = entry.cursors.sorted { $0.key < $1.key }
        let parameters: [PostgresParameter] = [
            .text(lease), .text(holder), .int8(entry.term), .textArray(notifications.map(\.id)),
            .textArray(notifications.map(\.receiver)), .textArray(notifications.map(\.cluster)),
            .textArray(notifications.map { ToldAlert.text(of: $0.told) }), .textArray(notifications.map(\.body)), .text(lease),
            .textArray(cursors.map(\.key.text)), .int8Array(cursors.map(\.value)),
        ]
        return try await connection.run { session throws(PostgresError) in
            try session.queryOne(Query.outboxStore, parameters) { row throws(PostgresError) in try row.value("is_held") }
        }
    }

    /// What may be tried now: of each receiver and cluster the oldest that is not settled, if its time has come.
    public func due(perReceiver: Int, except ids: [String]) async throws(PostgresError) -> [DueNotification] {
        let parameters: [PostgresParameter] = [.int4(Int32(clamping: perReceiver)), .textArray(ids), .int4(OutboxStore.maximumDue)]
        return try await connection.run { session throws(PostgresError) in
            try session.query(Query.outboxDue, parameters) { row throws(PostgresError) in
                DueNotification(
                    notification: try Self.notification(row, body: row.value("body")), attempts: Int(try row.value("attempts", as: Int32.self)))
            }
        }
    }

    /// Records an attempt. Recorded twice it counts once, and of two settlements the first stands.
    /// - Parameters:
    ///   - attempt: which one it was, from 1.
    ///   - detail: what the attempt met; without secrets.
    public func settle(_ id: String, attempt: Int, _ settlement: NotificationSettlement, detail: String?) async throws(PostgresError) {
        let (state, wait): (String, Int64) =
            switch settlement {
            case .delivered: ("delivered", 0)
            case .retry(let after): ("due", after.milliseconds)
            case .dead: ("dead", 0)
            }
        let parameters: [PostgresParameter] = [.text(id), .text(state), .int8(wait), .text(detail), .int4(Int32(clamping: attempt))]
        try await connection.run { session throws(PostgresError) in try session.execute(Query.outboxSettle, parameters) }
    }

    /// Forgets settled messages older than `keep`, the oldest first, if the lease is still held under the term. The newest to each
    /// receiver about each cluster stays. Returns how many went.
    public func prune(term: Int64, keep: Nanoseconds, atMost count: Int) async throws(PostgresError) -> Int {
        let parameters: [PostgresParameter] = [
            .text(lease), .text(holder), .int8(term), .int8(keep.milliseconds), .int4(Int32(clamping: count)),
        ]
        return try await connection.run { session throws(PostgresError) in
            try session.queryOne(Query.outboxPrune, parameters) { row throws(PostgresError) in Int(try row.value("pruned", as: Int64.self)) }
        }
    }

    /// What a successor goes on from. Both lists are of one moment.
    public func recall() async throws(PostgresError) -> AlertMemory {
        try await connection.run { session throws(PostgresError) in
            try session.transaction(.snapshot) { () throws(PostgresError) in
                let changes = try session.query(Query.alertRestore, [.int4(OutboxStore.maximumAlerts)]) { row throws(PostgresError) in
                    try Self.change(row)
                }
                let notifications = try session.query(Query.outboxRestore, [.int4(OutboxStore.maximumRestored)]) { row throws(PostgresError) in
                    try Self.notification(row, body: "")
                }
                return AlertMemory(changes: changes.compactMap { $0 }, notifications: notifications)
            }
        }
    }

    private static func notification(_ row: borrowing PostgresRow, body: String) throws(PostgresError) -> AlertNotification {
        // What is not ours to read was told of nothing: at worst something is told once more.
        AlertNotification(
            id: try row.value("id"), receiver: try row.value("receiver"), cluster: try row.value("cluster"),
            told: ToldAlert.list(parsing: try row.value("told")) ?? [], body: body)
    }
}
