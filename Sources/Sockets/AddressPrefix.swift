/// A block of addresses in CIDR form (RFC 4632, RFC 4291 §2.3), such as `10.1.0.0/16`. An address alone is a block of one.
public struct AddressPrefix: Hashable, Sendable, CustomStringConvertible {
    public let address: IPAddress
    /// 0…32 for IPv4, 0…128 for IPv6.
    public let length: Int

    /// Nil where the text is no prefix, or has bits set behind its length: `10.1.2.3/16` is more likely a mistake than a wish.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let address = IPAddress(String(parts[0])) else { return nil }
        let width = address.isIPv6 ? 128 : 32
        var length = width
        if parts.count == 2 {
            guard let written = Int(parts[1]), (0...width).contains(written), !parts[1].hasPrefix("+") else { return nil }
            length = written
        }
        self.address = address
        self.length = length
        let hostBits = AddressPrefix.bits(of: address) & ~AddressPrefix.mask(length: length, width: width)
        guard hostBits == 0 else { return nil }
    }

    public func contains(_ other: IPAddress) -> Bool {
        guard other.isIPv6 == address.isIPv6 else { return false }
        let mask = AddressPrefix.mask(length: length, width: address.isIPv6 ? 128 : 32)
        return AddressPrefix.bits(of: other) & mask == AddressPrefix.bits(of: address) & mask
    }

    public var description: String { "\(address)/\(length)" }

    private static func bits(of address: IPAddress) -> UInt128 { UInt128(address.high) << 64 | UInt128(address.low) }

    private static func mask(length: Int, width: Int) -> UInt128 {
        let all = width == 128 ? UInt128.max : (1 << UInt128(width)) - 1
        return length == 0 ? 0 : all & ~((1 << UInt128(width - length)) - 1)
    }
}
