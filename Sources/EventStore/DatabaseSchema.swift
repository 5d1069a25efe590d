public import PostgreSQL
public import Schema

/// The schema of one database: what it is, bringing it forward, and checking that it is what this binary was built for.
///
/// Migrations go forward only, one transaction each, under a lock that ends with the transaction. Each names the oldest schema
/// version whose binaries still work after it, so that the binaries of the version before keep running beside newer ones.
public struct DatabaseSchema: Sendable {
    /// A migration as the database remembers it.
    public struct Applied: Equatable, Sendable {
        public var number: Int32
        public var name: String
        public var checksum: [UInt8]
        public var oldestBinary: Int32
        /// Microseconds since 1970.
        public var appliedAtMicroseconds: Int64
    }

    /// What the database is, seen from this binary.
    public enum Standing: Equatable, Sendable {
        /// Nothing of anybody's: `migrate` makes it ours.
        case empty
        /// Ours, at this version, which is older than the binary's.
        case behind(Int32)
        case current(Int32)
        /// Ours and newer than the binary, which can work with it.
        case ahead(Int32)
        /// Ours and too new for this binary.
        case tooNew(Int32)
        /// Somebody else's.
        case foreign(reason: String)
    }

    public struct Status: Equatable, Sendable {
        public var database: String
        public var address: String
        public var standing: Standing
        public var applied: [Applied]
        /// Migrations this binary has and the database has not.
        public var pending: [String]
    }

    /// Where an applied migration is not what this binary carries under its number.
    public struct Difference: Equatable, Sendable, CustomStringConvertible {
        public var number: Int32
        public var description: String
    }

    private let connection: PostgresConnection
    private let migrations: [MigrationScript]
    private var newest: Int32 { migrations.last?.number ?? 0 }

    /// - Parameter migrations: another list than the binary's own, for tests.
    public init(_ connection: PostgresConnection, migrations: [MigrationScript] = MigrationScript.all) {
        self.connection = connection
        self.migrations = migrations
    }

    public func status() async throws(PostgresError) -> Status {
        try await connection.run { session throws(PostgresError) in try self.status(session) }
    }

    /// Brings the database forward; returns the names of what was applied. Give the connection a statement timeout of minutes.
    @discardableResult
    public func migrate() async throws(PostgresError) -> [String] {
        try await connection.run { session throws(PostgresError) in
            try refuseForeign(try self.status(session))
            var names: [String] = []
            for migration in migrations where try apply(migration, session) { names.append(migration.statement.name) }
            return names
        }
    }

    /// What differs between the applied migrations and this binary's: edited after release, another branch's, or a newer binary's.
    public func verify() async throws(PostgresError) -> [Difference] {
        try await connection.run { session throws(PostgresError) in
            let status = try self.status(session)
            try refuseForeign(status)
            var differences: [Difference] = []
            for migration in migrations {
                let checksum = try session.queryOne(Query.migrationChecksum, [.text(migration.statement.text)]) { row throws(PostgresError) in
                    try row.value("checksum", as: [UInt8].self)
                }
                guard let applied = status.applied.first(where: { $0.number == migration.number }) else {
                    differences.append(Difference(number: migration.number, description: "\(migration.statement.name) is not applied"))
                    continue
                }
                if applied.name != migration.statement.name || applied.checksum != checksum {
                    differences.append(
                        Difference(number: migration.number, description: "\(applied.name) was applied with another text than this binary carries"))
                }
            }
            let known = Set(migrations.map(\.number))
            for stranger in status.applied where !known.contains(stranger.number) {
                differences.append(Difference(number: stranger.number, description: "\(stranger.name) is applied and this binary does not have it"))
            }
            return differences
        }
    }

    /// Returns when this binary can work with the database; throws `notOurDatabase`, `schemaTooOld` or `schemaTooNew` otherwise,
    /// each a sentence with the next step.
    public func requireCompatible() async throws(PostgresError) {
        let status = try await status()
        try refuseForeign(status)
        switch status.standing {
        case .current, .ahead: return
        case .empty: throw tooOld(status, "holds no Fairlead schema")
        case .behind(let version): throw tooOld(status, "is at schema \(version) and this binary needs \(newest)")
        case .foreign, .tooNew: preconditionFailure("refused above")
        }
    }

    private func tooOld(_ status: Status, _ problem: String) -> PostgresError {
        PostgresError(.schemaTooOld, "the database '\(status.database)' \(problem); run: fairlead db migrate", context: status.address)
    }

    private func refuseForeign(_ status: Status) throws(PostgresError) {
        switch status.standing {
        case .foreign(let reason): throw PostgresError(.notOurDatabase, reason, context: status.address)
        case .tooNew(let version):
            throw PostgresError(
                .schemaTooNew,
                "the database '\(status.database)' is at schema \(version), which this binary (schema \(newest)) cannot work with; install a newer Fairlead",
                context: status.address)
        case .empty, .behind, .current, .ahead: return
        }
    }

    private func status(_ session: PostgresSession) throws(PostgresError) -> Status {
        let survey = try session.queryOne(Query.migrationSurvey) { row throws(PostgresError) in
            Survey(
                database: try row.value("database"), hasMigrations: try row.value("has_migrations"),
                hasOurSchemas: try row.value("has_our_schemas"), foreignTables: try row.value("foreign_tables"),
                serverVersion: try row.value("server_version"))
        }
        let applied = survey.hasMigrations ? try self.applied(session) : []
        let known = Set(applied.map(\.number))
        return Status(
            database: survey.database, address: session.address, standing: standing(survey, applied), applied: applied,
            pending: migrations.filter { !known.contains($0.number) }.map(\.statement.name))
    }

    private func standing(_ survey: Survey, _ applied: [Applied]) -> Standing {
        guard survey.serverVersion >= 140_000 else {
            return .foreign(reason: "the server is PostgreSQL \(survey.serverVersion / 10_000); Fairlead needs 14 or newer")
        }
        guard survey.hasMigrations else {
            if survey.hasOurSchemas {
                return .foreign(
                    reason: "the database '\(survey.database)' has a schema named fairlead or analytics that Fairlead did not make; use another database: createdb fairlead")
            }
            if survey.foreignTables > 0 {
                return .foreign(
                    reason: "the database '\(survey.database)' holds \(survey.foreignTables) tables that are not Fairlead's; use a database of its own: createdb fairlead")
            }
            return .empty
        }
        let version = applied.map(\.number).max() ?? 0
        if applied.contains(where: { $0.oldestBinary > newest }) { return .tooNew(version) }
        return version < newest ? .behind(version) : version > newest ? .ahead(version) : .current(version)
    }

    private struct Survey {
        var database: String
        var hasMigrations: Bool
        var hasOurSchemas: Bool
        var foreignTables: Int64
        var serverVersion: Int32
    }

    private func applied(_ session: PostgresSession) throws(PostgresError) -> [Applied] {
        try session.query(Query.migrationList) { row throws(PostgresError) in
            Applied(
                number: try row.value("number"), name: try row.value("name"), checksum: try row.value("checksum"),
                oldestBinary: try row.value("oldest_binary"), appliedAtMicroseconds: try row.value("applied_at_us"))
        }
    }

    /// Applies one migration in a transaction of its own; false where it was there already.
    private func apply(_ migration: MigrationScript, _ session: PostgresSession) throws(PostgresError) -> Bool {
        try session.transaction { () throws(PostgresError) in
            try session.execute(Query.migrationLock)
            if migration.number == 1 { try session.runScript(PostgresStatement(Query.migrationBootstrap)) }
            if try applied(session).contains(where: { $0.number == migration.number }) { return false }
            try session.runScript(PostgresStatement(migration.statement))
            try session.execute(
                Query.migrationRecord,
                [
                    .int4(migration.number), .text(migration.statement.name), .text(migration.statement.text),
                    .int4(migration.oldestBinary),
                ])
            return true
        }
    }
}
