public import PostgreSQL
public import Quantities
import Schema

/// What an administrator does with the log's database beside reading and writing it.
public struct LogAdministration: Sendable {
    /// How far ahead daily partitions are made, and below which count of days somebody should be told.
    public static let partitionDays: Int32 = 15
    public static let partitionDaysAlarm: Int32 = 7

    /// What a login role is let do.
    public enum Enrollment: Hashable, Sendable {
        /// Write the streams of this cluster's spools.
        case shipper(of: ClusterID)
        /// Write the central stream of this name: `coordinator`, `alerter` or `operator`.
        case central(String)
        /// Read the log and schema `analytics`, and write nothing.
        case analyst
    }

    private let connection: PostgresConnection

    public init(_ connection: PostgresConnection) { self.connection = connection }

    /// Lets a login role write, or read, making the role where there is none. A role may be enrolled for several streams.
    /// - Parameter password: nil keeps what there is (peer or certificate authentication, or a password set elsewhere).
    public func enroll(_ enrollment: Enrollment, role: String, password: String? = nil) async throws(PostgresError) {
        let (kind, name) =
            switch enrollment {
            case .shipper(let cluster): ("cluster", cluster.text)
            case .central(let name): ("central", name)
            case .analyst: ("reader", "analyst")
            }
        let parameters: [PostgresParameter] = [.text(role), .text(kind), .text(name), .text(password)]
        try await connection.run { session throws(PostgresError) in try session.execute(Query.writerEnroll, parameters) }
    }

    /// Ends a role's right to write, at once. True where it had one.
    @discardableResult
    public func revoke(role: String) async throws(PostgresError) -> Bool {
        try await connection.run { session throws(PostgresError) in try session.execute(Query.writerRevoke, [.text(role)]) > 0 }
    }

    /// Ends a role's right to write and to log in, and its sessions, at once; returns how many sessions were ended.
    @discardableResult
    public func cut(role: String) async throws(PostgresError) -> Int32 {
        try await connection.run { session throws(PostgresError) in
            try session.queryOne(Query.writerCut, [.text(role)]) { row throws(PostgresError) in try row.value("sessions") }
        }
    }

    /// Makes the daily partitions from today on, as far ahead as `partitionDays`; returns the days that can be appended to now.
    @discardableResult
    public func makePartitions() async throws(PostgresError) -> Int32 {
        try await connection.run { session throws(PostgresError) in
            try session.queryOne(Query.partitionsMake, [.int4(LogAdministration.partitionDays)]) { row throws(PostgresError) in
                try row.value("days_ahead")
            }
        }
    }

    /// What the fleet wants of the server's connections: a cluster's two shippers hold one each, a `serve` with all its parts so many,
    /// of which two run, and some are for people.
    public static func connectionsWanted(clusters: Int) -> Int { 2 * clusters + 2 * connectionsOfServe + 6 }
    public static let connectionsOfServe = 16

    /// How many the server admits to roles that are no superusers.
    public func connectionsAdmitted() async throws(PostgresError) -> Int {
        try await connection.run { session throws(PostgresError) in
            try session.queryOne(Query.connectionRoom) { row throws(PostgresError) in Int(try row.value("most", as: Int32.self)) }
        }
    }

    public func partitionDaysAhead() async throws(PostgresError) -> Int32 {
        try await connection.run { session throws(PostgresError) in
            try session.queryOne(Query.partitionsAhead) { row throws(PostgresError) in try row.value("days_ahead") }
        }
    }
}
