/// Why no private PostgreSQL could be had: one sentence with the next step.
public struct PrivatePostgresError: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// No `postgres` and `initdb` on PATH or where Debian keeps them.
        case notInstalled
        /// The directory cannot be made, is not ours, or its path is too long for a socket.
        case unusableDirectory
        case initializationFailed
        /// The server ended, or was not ready in time. `message` carries the end of its log.
        case startFailed
    }
    public let code: Code
    /// `errno`, an exit status, or empty.
    public let underlying: String
    public let message: String
    public var isRetriable: Bool { false }

    init(_ code: Code, underlying: String = "", _ message: String) {
        self.code = code
        self.underlying = underlying
        self.message = message
    }
    public var description: String { message }
}
