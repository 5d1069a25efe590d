internal import CLibPQ

/// A session with the server, synchronous: each call blocks its thread until the answer or the deadline.
///
/// Not sendable: a session belongs to one thread at a time, normally that of a `PostgresConnection`. A statement that fails leaves
/// the session usable unless `isBroken`; a broken session is thrown away.
public final class PostgresSession {
    let handle: ConnectionHandle
    let settings: ConnectionSettings
    var prepared: Set<String> = []
    private var compositeTypes: [String: CompositeType] = [:]
    var gaveUp = false
    private var openTransactions = 0

    public init(_ settings: ConnectionSettings) throws(PostgresError) {
        handle = try ConnectionHandle.open(settings)
        self.settings = settings
    }

    /// Whether the connection can no longer be used: lost, or given up because an answer did not come.
    public var isBroken: Bool { gaveUp || handle.isBroken }
    /// `host:port/database`, without user and secrets.
    public var address: String { handle.address }
    public var user: String { handle.user }
    public var database: String { handle.database }
    public var backendProcess: Int32 { handle.backendProcess }

    /// Runs a statement and decodes each row where it lies. Rows are in the server's order.
    public func query<Row>(
        _ statement: PostgresStatement, _ parameters: [PostgresParameter] = [],
        decode: (borrowing PostgresRow) throws(PostgresError) -> Row
    ) throws(PostgresError) -> [Row] {
        let result = try run(statement, parameters)
        guard result.status == PGRES_TUPLES_OK else {
            throw PostgresError(.protocolViolation, "the statement returned no rows", context: result.context)
        }
        let count = result.rowCount
        var row = PostgresRow(result)
        var rows: [Row] = []
        rows.reserveCapacity(count)
        for place in 0..<count {
            row.row = place
            rows.append(try decode(row))
        }
        return rows
    }

    /// The one row that the statement must return.
    public func queryOne<Row>(
        _ statement: PostgresStatement, _ parameters: [PostgresParameter] = [],
        decode: (borrowing PostgresRow) throws(PostgresError) -> Row
    ) throws(PostgresError) -> Row {
        let rows = try query(statement, parameters, decode: decode)
        guard rows.count == 1, let row = rows.first else {
            throw PostgresError(.protocolViolation, "\(rows.count) rows came where one was due", context: "statement \(statement.name)")
        }
        return row
    }

    /// Runs a statement for its effect; returns the number of rows it touched.
    @discardableResult
    public func execute(_ statement: PostgresStatement, _ parameters: [PostgresParameter] = []) throws(PostgresError) -> Int {
        try run(statement, parameters).affectedRows
    }

    /// Runs a script of several commands without parameters. Outside a transaction the server makes one of it.
    public func runScript(_ script: PostgresStatement) throws(PostgresError) { try simple(script.text, context: "script \(script.name)") }

    /// Runs `body` in a transaction: committed when it returns, rolled back when it throws. Not to be nested.
    public func transaction<T>(
        _ mode: TransactionMode = .readCommitted, _ body: () throws(PostgresError) -> T
    ) throws(PostgresError) -> T {
        precondition(openTransactions == 0, "a transaction is already open on this session")
        try simple(mode.rawValue, context: "begin")
        openTransactions = 1
        defer { openTransactions = 0 }
        do {
            let value = try body()
            try simple("COMMIT", context: "commit", expecting: "COMMIT")
            return value
        } catch {
            // The first error is the one to report; a session on which even this fails is broken and is thrown away.
            if !isBroken && handle.isInTransaction {
                do { try simple("ROLLBACK", context: "rollback") } catch { gaveUp = true }
            }
            throw error
        }
    }

    public enum TransactionMode: String, Sendable {
        case readCommitted = "BEGIN"
        /// One snapshot for all statements, nothing written.
        case snapshot = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
    }

    /// The identifiers of a composite type in this database, asked for once per session. `lookup` takes the qualified name as $1
    /// and returns `element` and `array`, each an oid.
    public func compositeType(_ name: String, lookup: PostgresStatement) throws(PostgresError) -> CompositeType {
        if let known = compositeTypes[name] { return known }
        let type = try queryOne(lookup, [.text(name)]) { row throws(PostgresError) in
            CompositeType(element: try row.value("element"), array: try row.value("array"))
        }
        compositeTypes[name] = type
        return type
    }

}
