/// The methods that our clients use.
public enum HTTPMethod: String, Sendable {
    case get = "GET"
    case head = "HEAD"
    case post = "POST"
    case put = "PUT"
    case patch = "PATCH"
    case delete = "DELETE"
}

/// One header line. The value may be a secret, so it has no description.
public struct HTTPHeader: Sendable, CustomStringConvertible {
    public let name: String
    public let value: String

    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
    public var description: String { "\(name): …" }
}

/// A request with all its bounds. Nothing about it comes from the environment: no proxy variable, no `.netrc`, no cookie.
public struct HTTPRequest: Sendable {
    public var method: HTTPMethod
    /// `http://` or `https://`, no user name and no password in it.
    public var url: String
    public var headers: [HTTPHeader]
    public var body: [UInt8]
    /// The whole exchange, waiting for a free connection included. For a stream: until its head is there. Default 10 s.
    public var deadline: Duration
    /// For a stream: the longest silence between two bytes; nil waits for ever (the operating system's keep-alive goes on).
    public var idleDeadline: Duration?
    /// More than this in the body is an error, never a shorter answer. For a stream it is how much may lie unread. Default 8 MiB.
    public var maximumResponseBytes: Int
    public var tls: TLSOptions
    /// Connects to this Unix socket instead of the URL's host.
    public var unixSocketPath: String?
    /// How many redirects are followed. Default 0: a redirect is an answer like any other.
    public var maximumRedirects: Int
    /// `http://`, `https://` or `socks5://`; nil connects directly.
    public var proxyURL: String?
    /// The path is itself a secret, as with a chat service's hook address, and stays out of every description.
    public var hidesPath: Bool

    public init(
        _ method: HTTPMethod, _ url: String, headers: [HTTPHeader] = [], body: [UInt8] = [], deadline: Duration = .seconds(10),
        idleDeadline: Duration? = nil, maximumResponseBytes: Int = 8 << 20, tls: TLSOptions = TLSOptions(),
        unixSocketPath: String? = nil, maximumRedirects: Int = 0, proxyURL: String? = nil, hidesPath: Bool = false
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.deadline = deadline
        self.idleDeadline = idleDeadline
        self.maximumResponseBytes = maximumResponseBytes
        self.tls = tls
        self.unixSocketPath = unixSocketPath
        self.maximumRedirects = maximumRedirects
        self.proxyURL = proxyURL
        self.hidesPath = hidesPath
    }
}

extension HTTPRequest: CustomStringConvertible {
    /// `PATCH https://host:6443/api/v1/…`: without query, headers or body, so that it is safe to print.
    public var description: String {
        guard let address = HTTPAddress(url) else { return "\(method.rawValue) (no usable URL)" }
        return "\(method.rawValue) \(address.origin)\(hidesPath ? "/…" : address.path)"
    }
}
