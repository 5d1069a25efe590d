public import HTTPTransport
public import Quantities

/// One message for one receiver. The id is the same over all attempts: by it a receiver knows what it has seen.
public struct WebhookMessage: Sendable {
    /// 1 to 200 printable ASCII characters, no `.` and no space, because it is a part of what is signed and a header.
    public let id: String
    public let body: [UInt8]
    public let contentType: String

    public init(id: String, body: [UInt8], contentType: String = "application/json") {
        self.id = id
        self.body = body
        self.contentType = contentType
    }
    public init(id: String, body: String) { self.init(id: id, body: Array(body.utf8)) }
}

/// Where messages go. Without a secret they are not signed.
public struct WebhookDestination: Sendable {
    public let url: String
    public let secrets: [WebhookSecret]
    public let tls: TLSOptions

    public init(url: String, secrets: [WebhookSecret] = [], tls: TLSOptions = TLSOptions()) {
        self.url = url
        self.secrets = secrets
        self.tls = tls
    }
}

/// What became of one attempt (Standard Webhooks 1.0.0, "Webhook delivery").
public enum WebhookOutcome: Equatable, Sendable {
    /// 2xx.
    case delivered
    /// Everything else that may change: try again by the schedule, and not before `after` where the receiver said so.
    case retry(after: Nanoseconds?, reason: String)
    /// Never to be tried again.
    case dead(DeadReason)

    public enum DeadReason: Equatable, Sendable {
        /// 410: the receiver wants no more messages. The destination is to be disabled.
        case receiverGone
        /// The address, the id or a certificate cannot be used as it stands; a person must change it.
        case unusable(String)
    }
}

/// Delivers one message once.
public struct WebhookSender: Sendable {
    /// How long a receiver may take. The specification recommends 15 to 30 s.
    public static let deadline = Duration.seconds(20)
    /// The receiver's words are read this far, and only to keep the connection usable.
    public static let maximumResponseBytes = 64 << 10

    private let http: HTTPClient
    private let deadline: Duration

    public init(http: HTTPClient, deadline: Duration = WebhookSender.deadline) {
        self.http = http
        self.deadline = deadline
    }

    /// - Parameter now: the time of this attempt; it is signed, and a receiver refuses what is minutes off.
    public func deliver(_ message: WebhookMessage, to destination: WebhookDestination, now: WallTime) async -> WebhookOutcome {
        guard (1...200).contains(message.id.utf8.count),
            message.id.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ".") })
        else { return .dead(.unusable("the message's id cannot be signed")) }
        let seconds = now.microseconds / 1_000_000
        var headers = [
            HTTPHeader("Content-Type", message.contentType), HTTPHeader("User-Agent", "fairlead"),
            HTTPHeader(WebhookSignature.idHeader, message.id), HTTPHeader(WebhookSignature.timestampHeader, String(seconds)),
        ]
        if !destination.secrets.isEmpty {
            let signature = WebhookSignature.header(
                id: message.id, timestampSeconds: seconds, body: message.body, secrets: destination.secrets)
            headers.append(HTTPHeader(WebhookSignature.signatureHeader, signature))
        }
        // The path of a hook is often its secret, and a redirect would carry the message to where nobody configured it.
        let request = HTTPRequest(
            .post, destination.url, headers: headers, body: message.body, deadline: deadline,
            maximumResponseBytes: WebhookSender.maximumResponseBytes, tls: destination.tls, maximumRedirects: 0, hidesPath: true)
        do throws(HTTPError) { return outcome(of: try await http.send(request)) } catch { return outcome(of: error) }
    }

    private func outcome(of response: HTTPResponse) -> WebhookOutcome {
        switch response.status {
        case 200..<300: return .delivered
        case 410: return .dead(.receiverGone)
        case 300..<400: return .retry(after: nil, reason: "the receiver answered \(response.status), a redirect, which is not followed")
        default:
            let wait = response.retryAfter.map { Nanoseconds.seconds($0.components.seconds) }
            return .retry(after: wait, reason: "the receiver answered \(response.status)")
        }
    }

    private func outcome(of error: HTTPError) -> WebhookOutcome {
        switch error.code {
        case .invalidRequest: .dead(.unusable("\(error)"))
        default: .retry(after: nil, reason: "\(error)")
        }
    }
}
