internal import CLinux

/// A numeric IPv4 or IPv6 address. A v4-mapped IPv6 address is held as the IPv4 address it stands for, so that an allow-list
/// written for IPv4 also holds on a dual-stack socket.
public struct IPAddress: Hashable, Sendable {
    public let isIPv6: Bool
    /// The upper 64 bits of an IPv6 address; 0 for IPv4.
    let high: UInt64
    /// The lower 64 bits of an IPv6 address, or the 32 bits of an IPv4 one.
    let low: UInt64
    /// The interface index of a link-local address, else 0.
    let scope: UInt32

    /// Reads `192.0.2.7` or `2001:db8::7`; nil for anything else, names and prefixes included.
    public init?(_ text: String) {
        var endpoint = linux_endpoint()
        guard unsafe linux_parse_address(text, &endpoint) == 0 else { return nil }
        self.init(endpoint)
    }

    init(_ endpoint: linux_endpoint) {
        isIPv6 = endpoint.is_ipv6
        high = endpoint.high
        low = endpoint.low
        scope = endpoint.scope
    }

    public static let loopback = IPAddress(linux_endpoint(high: 0, low: 0x7f00_0001, scope: 0, port: 0, is_ipv6: false))
    /// Every local address, IPv4 and IPv6 alike.
    public static let any = IPAddress(linux_endpoint(high: 0, low: 0, scope: 0, port: 0, is_ipv6: true))
    /// Every local IPv4 address.
    public static let anyIPv4 = IPAddress(linux_endpoint(high: 0, low: 0, scope: 0, port: 0, is_ipv6: false))
}

extension IPAddress: CustomStringConvertible {
    public var description: String {
        var endpoint = linux_endpoint(high: high, low: low, scope: scope, port: 0, is_ipv6: isIPv6)
        var text = [CChar](repeating: 0, count: 64)
        guard unsafe linux_format_address(&endpoint, &text, text.count) == 0 else { return "?" }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// An address and a port.
public struct Endpoint: Hashable, Sendable, CustomStringConvertible {
    public let address: IPAddress
    public let port: UInt16

    public init(_ address: IPAddress, port: UInt16) {
        self.address = address
        self.port = port
    }

    init(_ endpoint: linux_endpoint) { self.init(IPAddress(endpoint), port: endpoint.port) }

    var native: linux_endpoint {
        linux_endpoint(high: address.high, low: address.low, scope: address.scope, port: port, is_ipv6: address.isIPv6)
    }

    public var description: String { address.isIPv6 ? "[\(address)]:\(port)" : "\(address):\(port)" }
}
