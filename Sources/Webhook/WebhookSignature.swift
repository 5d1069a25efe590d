internal import Cryptography
internal import HTTPTransport
public import Quantities

/// The signature of Standard Webhooks 1.0.0: HMAC-SHA-256 over `id.timestamp.body`, written `v1,<base 64>`.
public enum WebhookSignature {
    public static let idHeader = "webhook-id"
    public static let timestampHeader = "webhook-timestamp"
    public static let signatureHeader = "webhook-signature"

    /// How far a receiver lets the timestamp be from its own clock: the window in which a message could be replayed.
    public static let tolerance = Nanoseconds.seconds(300)

    /// Why a message is not to be believed.
    public enum Rejection: Error, Equatable, Sendable {
        case missingHeader
        case tooOld
        case fromTheFuture
        case wrongSignature
    }

    /// The header's value: one signature for each secret, so that a secret can be replaced while both are known.
    /// - Parameter timestampSeconds: since 1970, of this attempt.
    public static func header(id: String, timestampSeconds: Int64, body: [UInt8], secrets: [WebhookSecret]) -> String {
        secrets.map { "v1,\(Base64.encode(authenticator(id: id, timestampSeconds: timestampSeconds, body: body, secret: $0)))" }
            .joined(separator: " ")
    }

    /// Whether one of the signatures is one of the secrets', and recent. For receivers.
    public static func verify(
        id: String?, timestamp: String?, signature: String?, body: [UInt8], secrets: [WebhookSecret], now: WallTime
    ) -> Result<Void, Rejection> {
        guard let id, let signature, let timestamp, let seconds = Int64(timestamp), (0..<4_000_000_000).contains(seconds) else {
            return .failure(.missingHeader)
        }
        let age = now - WallTime(microseconds: seconds * 1_000_000)
        guard age <= tolerance else { return .failure(.tooOld) }
        guard age >= tolerance * -1 else { return .failure(.fromTheFuture) }
        for secret in secrets {
            let expected = authenticator(id: id, timestampSeconds: seconds, body: body, secret: secret)
            for candidate in signature.split(separator: " ") where candidate.hasPrefix("v1,") {
                guard let bytes = Base64.decode(String(candidate.dropFirst(3))) else { continue }
                if constantTimeEquals(bytes, expected) { return .success(()) }
            }
        }
        return .failure(.wrongSignature)
    }

    private static func authenticator(id: String, timestampSeconds: Int64, body: [UInt8], secret: WebhookSecret) -> [UInt8] {
        secret.key.withBytes { hmacSHA256(key: $0, message: Array("\(id).\(timestampSeconds).".utf8) + body) }
    }
}
