import Alerting
public import Alerter
import Clocks
public import Fleet
public import HTTPTransport
import JSONDocument
import Quantities
public import Webhook

/// Brings notifications to webhooks, signed with the secret that the receiver's file holds at that moment: a file may be replaced
/// while we run.
public struct WebhookCarrier: NotificationCarrier {
    private let sender: WebhookSender

    public init(http: HTTPClient) { sender = WebhookSender(http: http) }

    public func deliver(_ delivery: AlertDelivery) async -> DeliveryOutcome {
        let secrets: [WebhookSecret]
        // A secret that is missing now may be there at the next attempt; unsigned nothing leaves that should be signed.
        do { secrets = try self.secrets(of: delivery.receiver) } catch { return .failed(retryAfter: nil, reason: "\(error)") }
        let message = WebhookMessage(id: delivery.notification.id, body: delivery.notification.body)
        let destination = WebhookDestination(url: delivery.receiver.url, secrets: secrets)
        switch await sender.deliver(message, to: destination, now: SystemClocks.wall()) {
        case .delivered: return .delivered
        case .retry(let after, let reason): return .failed(retryAfter: after, reason: reason)
        case .dead(.receiverGone): return .refused(reason: "the receiver wants no more messages (410)")
        case .dead(.unusable(let reason)): return .refused(reason: reason)
        }
    }

    public func beat(_ heartbeat: Heartbeat) async -> String? {
        let body: JSONValue = [
            "alerter": .string("alive"), "term": .integer(heartbeat.term), "alerts_firing": .integer(Int64(heartbeat.firing)),
            "at": .string(heartbeat.at.description),
        ]
        let message = WebhookMessage(id: "heartbeat-\(heartbeat.term)-\(heartbeat.at.microseconds)", body: body.text)
        switch await sender.deliver(message, to: WebhookDestination(url: heartbeat.url), now: heartbeat.at) {
        case .delivered: return nil
        case .retry(_, let reason), .dead(.unusable(let reason)): return reason
        case .dead(.receiverGone): return "the receiver wants no more (410)"
        }
    }

    /// None where the receiver wants none.
    public func secrets(of receiver: WebhookReceiver) throws -> [WebhookSecret] {
        try receiver.secretFile.map { try WebhookCarrier.secrets(file: $0, of: receiver.name) } ?? []
    }

    /// One secret per line, so that a new one can be taught while the old is still known. Throws a sentence that never shows one.
    public static func secrets(file path: String, of name: String) throws -> [WebhookSecret] {
        let text: String
        do { text = try readText(path, maximumBytes: 4_096) } catch {
            throw AssemblyError("the secret file \(path) of \(name) cannot be read: \(error.reason); make one with: echo whsec_$(openssl rand -base64 32)")
        }
        let lines = text.split(whereSeparator: \.isNewline).filter { $0.contains { !$0.isWhitespace } }
        let secrets = lines.compactMap { WebhookSecret(parsing: String($0)) }
        guard !secrets.isEmpty, secrets.count == lines.count else {
            throw AssemblyError(
                "the secret file \(path) of \(name) holds no signing secret; make one with: echo whsec_$(openssl rand -base64 32)")
        }
        return secrets
    }
}
