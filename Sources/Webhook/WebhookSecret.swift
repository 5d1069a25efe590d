internal import Cryptography
internal import HTTPTransport

/// A symmetric signing secret of Standard Webhooks 1.0.0: 24 to 64 bytes, written as `whsec_` and base 64.
public struct WebhookSecret: Sendable, CustomStringConvertible {
    let key: SecretBytes

    /// The serialised form; white space at its ends is not part of it. Nil where it is none.
    public init?(parsing text: String) {
        var text = Substring(text)
        while let last = text.last, last.isWhitespace { text.removeLast() }
        text = text.drop { $0.isWhitespace }
        if text.hasPrefix("whsec_") { text = text.dropFirst(6) }
        guard let bytes = Base64.decode(String(text)) else { return nil }
        self.init(key: bytes)
    }

    /// Nil unless there are 24 to 64 bytes.
    public init?(key: [UInt8]) {
        guard (24...64).contains(key.count) else { return nil }
        self.key = SecretBytes(key)
    }

    public var description: String { "a webhook secret" }
}
