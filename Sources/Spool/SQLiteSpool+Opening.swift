import Events
import GRDB
import Glibc
import Quantities
import Schema


extension SQLiteSpool {
    /// The format that this version reads and writes (`PRAGMA user_version`), and the mark of a spool's file.
    static let format: Int64 = 1
    static let applicationID: Int64 = 0x4661_6972

    /// Reads back what SQLite really does: a library or a file system that cannot do it answers something else, silently.
    static func requireDurability(_ database: Database, _ path: String) throws {
        let journal = try String.fetchOne(database, sql: SpoolStatement.journalMode.text)
        let synchronous = try Int.fetchOne(database, sql: SpoolStatement.synchronous.text)
        guard journal == "wal", synchronous == 2 else {
            throw SpoolError(.cannotOpen, context: "\(path) cannot be written durably (journal \(journal ?? "?"), synchronous \(synchronous ?? -1))")
        }
    }

    /// Makes the tables of a new file, or proves that an old one is ours and whole.
    static func settle(_ database: Database, path: String, fresh: SpoolHeader, _ hash: HashFunction, _ limits: SpoolLimits) throws {
        let identity = try Row.fetchOne(database, sql: SpoolStatement.identify.text)
        guard let identity else { throw SpoolError(.cannotOpen, context: "\(path) cannot be identified") }
        let format: Int64 = identity["format"]
        if identity["table_count"] as Int64 == 0 {
            try database.execute(sql: SpoolStatement.create.text)
            try fresh.write(to: database, hash)
        } else if identity["application_id"] as Int64 != applicationID {
            throw SpoolError(.cannotOpen, context: "\(path) is a database, but no spool of Fairlead's")
        } else if format != SQLiteSpool.format {
            throw SpoolError(.cannotOpen, context: "\(path) has format \(format), and this version reads \(SQLiteSpool.format)")
        } else {
            try prove(database, path: path, fresh: fresh, hash)
        }
        let pageSize = try Int.fetchOne(database, sql: SpoolStatement.pageSize.text) ?? 4096
        let pages = (2 * limits.maximumBytes + SpoolLimits.fileReserve) / pageSize
        try database.execute(sql: "\(SpoolStatement.pageBound.text) \(pages)")
    }

    private static func prove(_ database: Database, path: String, fresh: SpoolHeader, _ hash: HashFunction) throws {
        let problems = try String.fetchAll(database, sql: SpoolStatement.check.text)
        guard problems == ["ok"] else { throw SpoolError(.corrupt, context: "\(path) is damaged in its structure") }
        let header = try SpoolHeader.read(from: database, hash)
        guard header.stream.cluster == fresh.stream.cluster, header.stream.cluster != nil || header.stream == fresh.stream else {
            throw SpoolError(.cannotOpen, context: "\(path) belongs to the stream \(header.stream), not to one like \(fresh.stream)")
        }
        // Both copies anew: mends one that was damaged.
        try header.write(to: database, hash)
    }

    /// Moves a spool out of the way, so that `open` makes a new one under a new id. The old file is kept for a person, who may
    /// remove it (`sqlite3 FILE .recover` reads a damaged one). Returns where it lies now: the path and `.aside-1`, or the next
    /// number that is free up to `maximumAside`; beyond that the last is overwritten. Nil where nothing stood at `path`.
    /// The spool must be closed.
    public static func setAside(path: String) throws(SpoolError) -> String? {
        guard unsafe access(path, F_OK) == 0 else { return nil }
        let taken = (1..<maximumAside).first { unsafe access("\(path).aside-\($0)", F_OK) != 0 }
        let aside = "\(path).aside-\(taken ?? maximumAside)"
        for suffix in ["-wal", "-shm", ""] {
            // What is not there needs no moving; the main file must be.
            guard unsafe rename(path + suffix, aside + suffix) != 0 else { continue }
            let reason = errno
            guard reason == ENOENT && !suffix.isEmpty else {
                throw SpoolError(.cannotOpen, context: "\(path)\(suffix) cannot be renamed (errno \(reason))")
            }
        }
        return aside
    }
    public static let maximumAside = 8
}
