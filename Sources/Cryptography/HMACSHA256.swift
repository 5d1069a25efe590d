internal import CLibCrypto
internal import Quantities

/// A key of HMAC-SHA-256 (RFC 2104) with the work on the key itself already done, for those who authenticate many messages.
/// Sendable because the two contexts are written in `init` alone and after it only copied from, which libcrypto does by reading.
public final class HMACSHA256Key: @unchecked Sendable {
    // Each stands behind its padded key block.
    private let inner: DigestContext
    private let outer: DigestContext

    public init(_ key: [UInt8]) {
        var block = key.count > 64 ? sha256(key).bytes : key
        block += [UInt8](repeating: 0, count: 64 - block.count)
        inner = DigestContext()
        inner.begin()
        inner.update(block.map { $0 ^ 0x36 })
        outer = DigestContext()
        outer.begin()
        outer.update(block.map { $0 ^ 0x5c })
    }

    /// The authenticator of `message`. 32 bytes.
    public func authenticator(of message: [UInt8]) -> [UInt8] {
        let context = DigestContext()
        context.resume(from: inner)
        context.update(message)
        let digest = context.finish()
        context.resume(from: outer)
        context.update(digest)
        let words = context.finish()
        return unsafe [UInt8](unsafeUninitializedCapacity: 32) { bytes, count in
            for (index, word) in [words.0, words.1, words.2, words.3].enumerated() {
                unsafe UnsafeMutableRawBufferPointer(bytes).storeBytes(of: word.bigEndian, toByteOffset: index * 8, as: UInt64.self)
            }
            count = 32
        }
    }
}

/// HMAC-SHA-256 of `message` under `key` (RFC 2104, RFC 4231). 32 bytes.
public func hmacSHA256(key: [UInt8], message: [UInt8]) -> [UInt8] { HMACSHA256Key(key).authenticator(of: message) }

/// Whether two byte strings are equal, in a time that depends on their length alone. Use it for every authenticator.
public func constantTimeEquals(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    guard left.count == right.count else { return false }
    guard !left.isEmpty else { return true }
    return unsafe left.withUnsafeBufferPointer { left in
        unsafe right.withUnsafeBufferPointer { right in
            unsafe CRYPTO_memcmp(left.baseAddress, right.baseAddress, left.count) == 0
        }
    }
}
