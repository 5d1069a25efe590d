internal import CLibCrypto

/// HMAC-SHA-256 of `message` under `key` (RFC 2104, RFC 4231). 32 bytes.
public func hmacSHA256(key: [UInt8], message: [UInt8]) -> [UInt8] {
    unsafe [UInt8](unsafeUninitializedCapacity: 32) { output, count in
        unsafe key.withUnsafeBufferPointer { key in
            unsafe message.withUnsafeBufferPointer { message in
                // A nil key would mean "reuse the last key" to libcrypto; an empty key is a key of length 0 at a real address.
                var nothing: UInt8 = 0
                unsafe withUnsafePointer(to: &nothing) { empty in
                    let written = unsafe HMAC(
                        EVP_sha256(), key.baseAddress ?? empty, CInt(key.count), message.baseAddress ?? empty, message.count,
                        output.baseAddress, nil)
                    unsafe precondition(written != nil, "libcrypto has no SHA-256")
                }
            }
        }
        count = 32
    }
}

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
