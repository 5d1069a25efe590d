internal import Cryptography

/// The secret that a prober and its reflectors share. 16…64 bytes; it is printed nowhere.
public struct ProbeKey: Sendable, CustomStringConvertible {
    private let key: HMACSHA256Key
    private let count: Int

    /// Nil for fewer bytes than the authenticator has (a shorter key is weaker than what it makes) or more than a hash block.
    public init?(_ bytes: [UInt8]) {
        guard (16...64).contains(bytes.count) else { return nil }
        key = HMACSHA256Key(bytes)
        count = bytes.count
    }

    /// A new key of 32 bytes.
    public static func random() -> ProbeKey {
        guard let key = ProbeKey(secureRandomBytes(count: 32)) else { preconditionFailure("32 bytes are a key") }
        return key
    }

    public var description: String { "a probe key of \(count) bytes" }

    /// The authenticator over the first 96 octets: HMAC-SHA-256 cut to its first 16 (RFC 8762 §4.4, RFC 4868).
    func authenticator(over packet: [UInt8]) -> [UInt8] {
        Array(key.authenticator(of: Array(packet[0..<STAMPLayout.authenticatedOctets])).prefix(16))
    }

    /// Whether the packet's last 16 octets are the authenticator of what stands before them.
    func authenticates(_ packet: [UInt8]) -> Bool {
        packet.count == STAMPLayout.octets
            && constantTimeEquals(authenticator(over: packet), Array(packet[STAMPLayout.authenticatedOctets...]))
    }
}
