public import HTTPTransport

/// The API server could not be asked, or did not do what was asked.
public struct KubernetesError: Error, Sendable {
    public enum Code: String, Sendable, CaseIterable {
        /// The kubeconfig, a token file or a name cannot be used as it stands. A person must change something.
        case badConfiguration
        /// Surely not done: nothing was sent.
        case unreachable
        /// The request may have arrived and no whole answer came: read before deciding again.
        case unanswered
        /// 429 or 503: not done, come back after `retryAfter`.
        case throttled
        /// 401.
        case unauthorized
        /// 403.
        case forbidden
        /// 404.
        case notFound
        /// 409: the object changed meanwhile, or exists already.
        case conflict
        /// 410: a list or watch must begin anew.
        case expired
        /// 400, 405, 406, 413, 415, 422: the server does not take the request as it stands.
        case refused
        /// 5xx: whether it was done is not known.
        case serverFailed
        /// An answer that is not what the API promises.
        case unexpectedAnswer
        /// One of our own bounds: too many pages, too many Pods.
        case tooLarge
    }
    public let code: Code
    /// The HTTP status, where one came.
    public let status: Int?
    /// The transport's error, where it failed.
    public let underlying: HTTPError?
    /// What was asked of which object. Never a header or a body.
    public let context: String
    /// The server's words, at most `APIStatus.maximumMessageBytes`.
    public let detail: String
    public let retryAfter: Duration?

    public init(
        code: Code, status: Int? = nil, underlying: HTTPError? = nil, context: String, detail: String = "", retryAfter: Duration? = nil
    ) {
        self.code = code
        self.status = status
        self.underlying = underlying
        self.context = context
        self.detail = detail
        self.retryAfter = retryAfter
    }

    /// Whether the same request may succeed later without anybody changing anything.
    public var isRetriable: Bool {
        switch code {
        case .unreachable, .unanswered, .throttled, .serverFailed, .conflict, .expired: true
        case .badConfiguration, .unauthorized, .forbidden, .notFound, .refused, .unexpectedAnswer, .tooLarge: false
        }
    }
}

extension KubernetesError: CustomStringConvertible {
    public var description: String {
        var text = context
        if let status { text += ": the API server answered \(status)" } else if let underlying { text += ": \(underlying.code.rawValue)" }
        let words = detail.isEmpty ? (underlying?.detail ?? "") : detail
        return words.isEmpty ? text : "\(text) (\(words))"
    }
}

extension KubernetesError {
    init(_ error: HTTPError, context: String) {
        self.init(code: error.mayHaveArrived ? .unanswered : .unreachable, underlying: error, context: context)
    }

    /// The error that a status other than 2xx is.
    init(_ response: HTTPResponse, context: String) {
        let status = APIStatus(response)
        let code: Code =
            switch response.status {
            case 401: .unauthorized
            case 403: .forbidden
            case 404: .notFound
            case 409: .conflict
            case 410: .expired
            case 429: .throttled
            case 503 where response.retryAfter != nil: .throttled
            case 500...: .serverFailed
            default: .refused
            }
        self.init(code: code, status: response.status, context: context, detail: status.message, retryAfter: response.retryAfter)
    }
}
