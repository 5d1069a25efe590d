public import Alerting
public import PostgreSQL
public import Quantities
import JSONDocument
import Schema

/// The notifications to deliver: written before anybody is told, kept after. Delivery is at least once; the id lets a receiver
/// drop the second.
public struct OutboxStore: Sendable {
    /// What came of an attempt.
    public enum Settlement: Equatable, Sendable {
        case delivered
        /// Try again after this long, by the server's clock.
        case retry(after: Nanoseconds)
        /// Given up: stays visible for a person.
        case dead
    }
    public struct Due: Equatable, Sendable {
        public var notification: AlertNotification
        /// Attempts made before.
        public var attempts: Int32
    }

    /// The most that one call returns.
    public static let maximumDue: Int32 = 100
    public static let maximumRestored: Int32 = 10_000

    private let connection: PostgresConnection

    public init(_ connection: PostgresConnection) { self.connection = connection }

    /// Stores what is due to be told; one that is stored already stays as it is.
    public func store(_ notifications: [AlertNotification]) async throws(PostgresError) {
        guard !notifications.isEmpty else { return }
        let parameters: [PostgresParameter] = [
            .textArray(notifications.map(\.id)), .textArray(notifications.map(\.receiver)), .textArray(notifications.map(\.cluster)),
            .textArray(notifications.map { ToldAlertList($0.told).text }), .textArray(notifications.map(\.body)),
        ]
        try await connection.run { session throws(PostgresError) in try session.execute(Query.outboxStore, parameters) }
    }

    /// What the outbox holds, sent or still to be sent, oldest first: for a successor of the process that wrote it.
    public func restore() async throws(PostgresError) -> [AlertNotification] {
        try await connection.run { session throws(PostgresError) in
            try session.query(Query.outboxRestore, [.int4(OutboxStore.maximumRestored)]) { row throws(PostgresError) in
                try Self.notification(row)
            }
        }
    }

    /// What is due now, oldest first.
    public func due() async throws(PostgresError) -> [Due] {
        try await connection.run { session throws(PostgresError) in
            try session.query(Query.outboxDue, [.int4(OutboxStore.maximumDue)]) { row throws(PostgresError) in
                Due(notification: try Self.notification(row), attempts: try row.value("attempts"))
            }
        }
    }

    /// Records an attempt. Settled twice, the first settlement stands.
    /// - Parameter error: what the attempt met; without secrets.
    public func settle(_ id: String, _ settlement: Settlement, error: String? = nil) async throws(PostgresError) {
        let (state, wait): (String, Int64) =
            switch settlement {
            case .delivered: ("delivered", 0)
            case .retry(let after): ("due", after.milliseconds)
            case .dead: ("dead", 0)
            }
        let parameters: [PostgresParameter] = [.text(id), .text(state), .int8(wait), .text(error)]
        try await connection.run { session throws(PostgresError) in try session.execute(Query.outboxSettle, parameters) }
    }

    private static func notification(_ row: borrowing PostgresRow) throws(PostgresError) -> AlertNotification {
        AlertNotification(
            id: try row.value("id"), receiver: try row.value("receiver"), cluster: try row.value("cluster"),
            told: ToldAlertList(text: try row.value("told")).alerts, body: try row.value("body"))
    }
}

/// What a receiver was told, as it stands in the outbox: a list of objects.
struct ToldAlertList {
    var alerts: [ToldAlert]
    init(_ alerts: [ToldAlert]) { self.alerts = alerts }

    var text: String {
        JSONValue.array(
            alerts.map { alert in
                [
                    "fingerprint": .string(alert.fingerprint), "is_firing": .bool(alert.isFiring),
                    "starts_at_us": .integer(alert.startsAt.microseconds),
                ]
            }
        ).text
    }

    /// An entry that cannot be read is left out: at worst something is told once more.
    init(text: String) {
        let list = (try? JSONValue(parsing: text))?.array ?? []
        alerts = list.compactMap { entry in
            guard let fingerprint = entry["fingerprint"]?.string, let isFiring = entry["is_firing"]?.bool,
                let startsAt = entry["starts_at_us"]?.integer
            else { return nil }
            return ToldAlert(fingerprint: fingerprint, isFiring: isFiring, startsAt: WallTime(microseconds: startsAt))
        }
    }
}
