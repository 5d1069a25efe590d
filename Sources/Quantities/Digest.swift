/// A SHA-256 value, 32 bytes. How it is computed comes to the core as a `HashFunction` value; libcrypto is the rim's.
public struct Digest: Hashable, Sendable {
    private let words: (UInt64, UInt64, UInt64, UInt64)

    /// Nil unless there are exactly 32 bytes.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 32 else { return nil }
        // Once out of the generic collection: other modules call this unspecialized, and a reader of heads makes thousands a second.
        let array = Array(bytes)
        words = (Digest.word(array, 0), Digest.word(array, 8), Digest.word(array, 16), Digest.word(array, 24))
    }

    private static func word(_ bytes: [UInt8], _ first: Int) -> UInt64 {
        var word: UInt64 = 0
        for place in first..<first + 8 { word = word << 8 | UInt64(bytes[place]) }
        return word
    }

    /// The 32 bytes as four numbers in network order: the way without a loop, for the hash function itself.
    public init(words: (UInt64, UInt64, UInt64, UInt64)) { self.words = words }

    public static let zero = Digest(bytes: [UInt8](repeating: 0, count: 32))!

    public var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(32)
        append(to: &bytes)
        return bytes
    }
    /// Puts the 32 bytes behind others.
    public func append(to bytes: inout [UInt8]) {
        Digest.append(words.0, to: &bytes)
        Digest.append(words.1, to: &bytes)
        Digest.append(words.2, to: &bytes)
        Digest.append(words.3, to: &bytes)
    }
    private static func append(_ word: UInt64, to bytes: inout [UInt8]) {
        for place in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * place))) }
    }
    public static func == (left: Digest, right: Digest) -> Bool { left.words == right.words }
    public func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
}

extension Digest: CustomStringConvertible {
    /// 64 lower-case hexadecimal digits.
    public var description: String { hexadecimal(bytes) }
    /// The first twelve digits, for tables.
    public var abbreviated: String { String(description.prefix(12)) }
}

/// SHA-256 as a value: the same function in production (libcrypto) and in the simulator.
public struct HashFunction: Sendable {
    public let digest: @Sendable ([UInt8]) -> Digest
    public init(_ digest: @escaping @Sendable ([UInt8]) -> Digest) { self.digest = digest }
}

/// Lower-case hexadecimal digits of some bytes.
public func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for byte in bytes { text += [digits[Int(byte >> 4)], digits[Int(byte & 15)]] }
    return String(decoding: text, as: UTF8.self)
}
