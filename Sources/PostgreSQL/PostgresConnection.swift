/// A connection to PostgreSQL that tasks share: an actor on a thread of its own, because libpq blocks.
///
/// Work is handed over as a synchronous closure, so that nothing of another task comes between its statements. The connection
/// opens on first use and again after it broke; it never repeats work by itself: whoever knows whether that is safe does.
public actor PostgresConnection {
    private let thread = PostgresThread()
    private let settings: ConnectionSettings
    private var session: PostgresSession?

    public nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe thread.asUnownedSerialExecutor() }

    /// Opens nothing yet.
    public init(_ settings: ConnectionSettings) { self.settings = settings }

    /// Runs `body` on this connection's thread. Blocks that thread for the statements' deadlines at most, never a pool thread.
    @discardableResult
    public func run<T: Sendable>(_ body: @Sendable (PostgresSession) throws(PostgresError) -> T) throws(PostgresError) -> T {
        let session = try openSession()
        defer { if session.isBroken { self.session = nil } }
        return try body(session)
    }

    /// Closes the session; the next `run` opens a new one.
    public func close() { session = nil }

    private func openSession() throws(PostgresError) -> PostgresSession {
        if let session, !session.isBroken { return session }
        session = nil
        let fresh = try PostgresSession(settings)
        session = fresh
        return fresh
    }
}
