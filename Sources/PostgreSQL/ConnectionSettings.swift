internal import Glibc

/// Where the server is and how long we wait for it.
///
/// Everything that is not set here comes from libpq itself: the `PG*` variables, `.pgpass`, service files, TLS. Keywords are
/// libpq's own (PostgreSQL manual, "Parameter Key Words"); `dbname` may be a whole connection string or URI.
public struct ConnectionSettings: Sendable {
    public var keywords: [String: String]
    /// From the first packet to a usable session, all hosts of the list together. Name resolution is not cut off by it.
    public var connectTimeout: Duration = .seconds(5)
    /// For one statement. The server is told the same number as `statement_timeout` and normally ends the statement itself; one
    /// that does not answer for `unansweredGrace` longer is given up with its connection, because a stopped server ends nothing.
    public var statementTimeout: Duration = .seconds(30)
    public var unansweredGrace: Duration = .seconds(2)
    /// How long a statement waits for one lock.
    public var lockTimeout: Duration = .seconds(5)
    /// The server ends a transaction of ours that stands idle for so long: a stopped process must not hold its locks for ever.
    public var idleInTransactionTimeout: Duration = .seconds(30)
    /// Sent as `options`, which some poolers refuse: set false behind PgBouncer and give the role its timeouts instead.
    public var sendsServerTimeouts = true
    /// Behind a pooler in transaction mode that does not track prepared statements, set false.
    public var preparesStatements = true

    public init(_ keywords: [String: String] = [:]) { self.keywords = keywords }

    /// A server on a Unix socket directory, as `fairlead dev` and the tests run one.
    public static func socket(directory: String, user: String, database: String) -> ConnectionSettings {
        ConnectionSettings(["host": directory, "user": user, "dbname": database])
    }

    /// The list for `PQconnectStartParams`: our defaults first, so that the caller's keywords and its connection string win.
    func keywordList() -> [(String, String)] {
        var list = [
            ("client_encoding", "UTF8"), ("fallback_application_name", "fairlead"), ("keepalives_idle", "10"),
            ("keepalives_interval", "5"), ("keepalives_count", "3"),
        ]
        if sendsServerTimeouts { list.append(("options", serverOptions())) }
        list += keywords.filter { $0.key != "options" }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        return list
    }

    /// No JIT: the views' long expressions would be compiled for seconds before a query of milliseconds.
    private func serverOptions() -> String {
        let inherited = unsafe getenv("PGOPTIONS").map { unsafe String(cString: $0) }
        let given = keywords["options"] ?? inherited ?? ""
        let ours = [
            ("statement_timeout", statementTimeout), ("lock_timeout", lockTimeout),
            ("idle_in_transaction_session_timeout", idleInTransactionTimeout),
        ]
        return (ours.map { "-c \($0.0)=\($0.1.milliseconds)" } + ["-c timezone=UTC", "-c jit=off", given]).joined(separator: " ")
    }
}

extension Duration {
    /// Whole milliseconds, rounded up.
    var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
    }
}
