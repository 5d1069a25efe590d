/// No whole answer came. What the server did with the request is known only where `mayHaveArrived` is false.
public struct HTTPError: Error, Sendable {
    public enum Code: String, Sendable, CaseIterable {
        /// The request itself cannot be sent: its URL, a header, a certificate file.
        case invalidRequest
        case nameNotResolved
        case notConnected
        /// The handshake failed, or the server's certificate is not to be trusted.
        case notTrusted
        case deadlineExceeded
        /// The connection broke before the answer was whole.
        case connectionLost
        /// More than `maximumResponseBytes`.
        case responseTooLarge
        case tooManyRedirects
        case cancelled
        /// More requests wait than `HTTPClientLimits.maximumOutstanding`.
        case overloaded
        /// The client was shut down.
        case closed
        case unexpected
    }
    public let code: Code
    /// The CURLcode, where libcurl said it.
    public let curlCode: UInt32?
    /// Method, host and path; never a query, a header, or a body.
    public let context: String
    /// libcurl's own words on the failure, or ours.
    public let detail: String
    /// Whether any byte of the request may have reached the server: if so, the effect of a write is unknown.
    public let mayHaveArrived: Bool

    public init(code: Code, curlCode: UInt32? = nil, context: String, detail: String = "", mayHaveArrived: Bool) {
        self.code = code
        self.curlCode = curlCode
        self.context = context
        self.detail = detail
        self.mayHaveArrived = mayHaveArrived
    }

    /// Whether the same request may succeed later without anybody changing anything.
    public var isRetriable: Bool {
        switch code {
        case .nameNotResolved, .notConnected, .deadlineExceeded, .connectionLost, .overloaded: true
        case .invalidRequest, .notTrusted, .responseTooLarge, .tooManyRedirects, .cancelled, .closed, .unexpected: false
        }
    }
}

extension HTTPError: CustomStringConvertible {
    public var description: String {
        detail.isEmpty ? "\(context): \(code.sentence)" : "\(context): \(code.sentence) (\(detail))"
    }
}

extension HTTPError.Code {
    var sentence: String {
        switch self {
        case .invalidRequest: "the request cannot be sent"
        case .nameNotResolved: "the host's name could not be resolved"
        case .notConnected: "no connection could be made"
        case .notTrusted: "no trusted TLS connection could be made"
        case .deadlineExceeded: "no whole answer came before the deadline"
        case .connectionLost: "the connection broke before the answer was whole"
        case .responseTooLarge: "the answer is larger than is accepted"
        case .tooManyRedirects: "the answer redirects too often"
        case .cancelled: "the request was cancelled"
        case .overloaded: "too many requests wait already"
        case .closed: "the client is shut down"
        case .unexpected: "libcurl failed"
        }
    }
}
