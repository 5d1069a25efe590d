internal import CLinux
internal import Glibc

/// A socket call that the kernel refused.
public struct SocketError: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Code: Sendable {
        /// Nobody listens there, or the other side closed: `ECONNREFUSED`, `ECONNRESET`, `EPIPE`.
        case refused
        /// There is no way to the address now: unreachable, interface down, timed out.
        case unreachable
        /// The address or port is in use, or is none of ours.
        case addressUnavailable
        /// The process may not do this.
        case notPermitted
        /// The machine is out of descriptors, memory or buffers.
        case exhausted
        case other
    }

    public let code: Code
    /// The errno, as given.
    public let underlying: CInt
    /// What was being done, such as `bind 127.0.0.1:862`.
    public let context: String
    /// What is wrong, where the kernel's sentence for the errno would not say it.
    private let words: String?

    public init(errno: CInt, context: String, words: String? = nil) {
        underlying = errno
        self.context = context
        self.words = words
        code =
            switch errno {
            case ECONNREFUSED, ECONNRESET, EPIPE, ECONNABORTED, ENOTCONN: .refused
            case ENETUNREACH, EHOSTUNREACH, ENETDOWN, EHOSTDOWN, ETIMEDOUT: .unreachable
            case EADDRINUSE, EADDRNOTAVAIL, ENODEV: .addressUnavailable
            case EPERM, EACCES: .notPermitted
            case EMFILE, ENFILE, ENOMEM, ENOBUFS: .exhausted
            default: .other
            }
    }

    /// Whether the same call may succeed later without anybody changing the configuration.
    public var isRetriable: Bool {
        switch code {
        case .refused, .unreachable, .exhausted: true
        case .addressUnavailable, .notPermitted, .other: false
        }
    }

    public var description: String { "\(context): \(words ?? errorText(underlying))" }
}

/// The kernel's sentence for an errno.
public func errorText(_ errno: CInt) -> String { unsafe String(cString: linux_error_text(errno)) }
