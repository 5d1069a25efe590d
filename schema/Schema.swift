// SQL text lives in files, so that psql, a reviewer and an editor's highlighter see it as SQL; the binary carries it embedded.
//
// Embedded resources have no listing, and `0001_init.sql` arrives as `_001_init_sql`, so the tables below are written by hand.
// `SchemaTableTests` holds them against the directories: every file has its row, and every row its file.

/// One SQL statement or script: the name of its file without `.sql`, and its exact text.
public struct EmbeddedStatement: Hashable, Sendable {
    public let name: String
    public let text: String

    init(_ name: String, _ bytes: [UInt8]) {
        self.name = name
        self.text = String(decoding: bytes, as: UTF8.self)
    }
}

/// A forward migration, one transaction. `number` is the first four digits of its file's name and the version it leads to.
public struct MigrationScript: Hashable, Sendable {
    public let number: Int32
    public let statement: EmbeddedStatement
    /// The oldest schema version whose binaries still work after this migration, from the line `-- oldest-binary: N` of its header.
    public let oldestBinary: Int32

    init(_ number: Int32, oldestBinary: Int32, _ name: String, _ bytes: [UInt8]) {
        self.number = number
        self.oldestBinary = oldestBinary
        self.statement = EmbeddedStatement(name, bytes)
    }

    /// Every migration this binary knows, in order.
    public static let all: [MigrationScript] = []
}

/// The statements of `schema/queries`, for PostgreSQL.
public enum Query {
    public static let migrationSurvey = EmbeddedStatement("migration_survey", PackageResources.migration_survey_sql)
    public static let migrationBootstrap = EmbeddedStatement("migration_bootstrap", PackageResources.migration_bootstrap_sql)
    public static let migrationLock = EmbeddedStatement("migration_lock", PackageResources.migration_lock_sql)
    public static let migrationList = EmbeddedStatement("migration_list", PackageResources.migration_list_sql)
    public static let migrationRecord = EmbeddedStatement("migration_record", PackageResources.migration_record_sql)
    public static let migrationChecksum = EmbeddedStatement("migration_checksum", PackageResources.migration_checksum_sql)

    public static let all: [EmbeddedStatement] = [
        migrationSurvey, migrationBootstrap, migrationLock, migrationList, migrationRecord, migrationChecksum,
    ]
}

/// The statements of `schema/spool`, for the shipper's SQLite spool.
public enum SpoolStatement {
    public static let all: [EmbeddedStatement] = []
}
