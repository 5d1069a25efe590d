/// Status and headers of an answer.
public struct HTTPResponseHead: Sendable {
    /// 200 … 599: interim answers (1xx) are not shown.
    public let status: Int
    public let headers: [HTTPHeader]

    public init(status: Int, headers: [HTTPHeader]) {
        self.status = status
        self.headers = headers
    }
    public var isSuccess: Bool { (200..<300).contains(status) }

    /// The first header of that name, whatever its case.
    public func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
    /// `Retry-After` in seconds, 0 … 1 day. The form with a date is not read, because it would need the server's clock.
    public var retryAfter: Duration? {
        guard let text = header("Retry-After"), let seconds = Int64(text), seconds >= 0 else { return nil }
        return .seconds(min(seconds, 86_400))
    }
}

/// A whole answer, whatever its status: a refusal by the server is an answer, not an error of the transport.
public struct HTTPResponse: Sendable {
    public let head: HTTPResponseHead
    public let body: [UInt8]

    public init(head: HTTPResponseHead, body: [UInt8]) {
        self.head = head
        self.body = body
    }
    public var status: Int { head.status }
    public var isSuccess: Bool { head.isSuccess }
    public func header(_ name: String) -> String? { head.header(name) }
    public var retryAfter: Duration? { head.retryAfter }
}

/// An answer whose body arrives piece by piece.
public struct HTTPStreamedResponse: Sendable {
    public let head: HTTPResponseHead
    /// For one reader.
    public let body: HTTPBodyStream
}
