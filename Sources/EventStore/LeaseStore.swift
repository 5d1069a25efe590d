public import PostgreSQL
public import Quantities
import Schema

/// One lease's row: who leads a central part. The server's clock alone decides what has expired.
public struct LeaseStore: Sendable {
    /// What the row says after an attempt. `remaining` is how long it still lived when the server answered.
    public struct Holding: Equatable, Sendable {
        public var isMine: Bool
        public var holder: String
        public var term: Int64
        public var remaining: Nanoseconds
    }

    private let connection: PostgresConnection
    private let name: String
    private let holder: String
    private let duration: Nanoseconds

    /// - Parameters:
    ///   - name: `coordinator` or `alerter`: also the name of the stream whose epoch the term is.
    ///   - holder: one incarnation of a process, never used by another.
    public init(_ connection: PostgresConnection, name: String, holder: String, duration: Nanoseconds) {
        self.connection = connection
        self.name = name
        self.holder = holder
        self.duration = duration
    }

    /// Acquires where the row is free or expired, renews where it is ours. A new holding has a term above `highestTermSeen` and
    /// above every epoch that the stream of this name has had.
    public func acquire(highestTermSeen: Int64 = 0) async throws(PostgresError) -> Holding {
        let parameters: [PostgresParameter] = [.text(name), .text(holder), .int8(duration.milliseconds), .int8(highestTermSeen)]
        return try await connection.run { session throws(PostgresError) in
            // A row that another made after this statement began is refused and not yet seen: the next statement sees it.
            for _ in 0..<3 {
                let rows = try session.query(Query.leaseAcquire, parameters) { row throws(PostgresError) in
                    Holding(
                        isMine: try row.value("is_mine"), holder: try row.value("holder"), term: try row.value("term"),
                        remaining: .milliseconds(try row.value("remaining_ms")))
                }
                if let holding = rows.first { return holding }
            }
            throw PostgresError(.serialization, "the lease changes hands too fast to be read", context: "lease \(name)")
        }
    }

    /// Lengthens exactly this term; false where it is no longer held.
    public func renew(term: Int64) async throws(PostgresError) -> Bool {
        let parameters: [PostgresParameter] = [.text(name), .text(holder), .int8(term), .int8(duration.milliseconds)]
        return try await connection.run { session throws(PostgresError) in try session.execute(Query.leaseRenew, parameters) == 1 }
    }

    /// Ends exactly this term at once; false where it was no longer held.
    @discardableResult
    public func resign(term: Int64) async throws(PostgresError) -> Bool {
        let parameters: [PostgresParameter] = [.text(name), .text(holder), .int8(term)]
        return try await connection.run { session throws(PostgresError) in try session.execute(Query.leaseResign, parameters) == 1 }
    }
}

/// Who leads, for people.
public struct LeaseOverview: Equatable, Sendable {
    public var name: String
    public var holder: String
    public var term: Int64
    /// Zero or less: expired.
    public var remaining: Nanoseconds

    public static func all(_ connection: PostgresConnection) async throws(PostgresError) -> [LeaseOverview] {
        try await connection.run { session throws(PostgresError) in
            try session.query(Query.leaseList) { row throws(PostgresError) in
                LeaseOverview(
                    name: try row.value("name"), holder: try row.value("holder"), term: try row.value("term"),
                    remaining: .milliseconds(try row.value("remaining_ms")))
            }
        }
    }
}
