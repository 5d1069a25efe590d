internal import CLibCrypto

/// `count` unpredictable bytes from libcrypto's generator, which the kernel seeds.
/// Stops the process where the generator cannot be seeded: a guessable nonce is worse than no service.
public func secureRandomBytes(count: Int) -> [UInt8] {
    precondition(count >= 0 && count <= Int(CInt.max), "a count of random bytes is small and not negative")
    return unsafe [UInt8](unsafeUninitializedCapacity: count) { output, initialized in
        let filled = unsafe count == 0 ? 1 : RAND_bytes(output.baseAddress, CInt(count))
        precondition(filled == 1, "libcrypto's random generator is not seeded")
        initialized = count
    }
}

/// Randomness for drivers that need an unpredictable seed or back-off; the core is handed its generator and never makes this one.
public struct SecureRandomNumberGenerator: RandomNumberGenerator, Sendable {
    public init() {}
    public mutating func next() -> UInt64 {
        secureRandomBytes(count: 8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
