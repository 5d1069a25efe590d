public import HTTPTransport
public import Quantities

/// The bearer token of a file that somebody else replaces. The rules are client-go's (`transport/token_source.go`): read again
/// after a minute, keep the old one where a read fails, forget it when the server does not know it any more.
public struct TokenCache: Sendable {
    /// How long a token is used before the file is read again.
    public static let lifetime = Nanoseconds.seconds(60)

    private var token: SecretBytes?
    private var readAt: MonotonicTime?

    public init() {}

    /// The token to send at `now`; `read` answers the file's content, or nil where it cannot be read or is empty.
    public mutating func token(at now: MonotonicTime, read: () -> SecretBytes?) -> SecretBytes? {
        if let token, let readAt, now - readAt < TokenCache.lifetime { return token }
        if let fresh = read() {
            token = fresh
            readAt = now
        } else if token != nil {
            // Asked again at the next request: a token is replaced by renaming, so a failed read is short.
            readAt = nil
        }
        return token
    }

    /// The server answered 401.
    public mutating func drop() {
        token = nil
        readAt = nil
    }
}
