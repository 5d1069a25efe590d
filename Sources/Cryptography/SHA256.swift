internal import CLibCrypto
public import Quantities
internal import Synchronization

extension HashFunction {
    /// SHA-256 (FIPS 180-4) by libcrypto: the hash of production's log chain.
    public static let libcrypto = HashFunction { bytes in sha256(bytes) }
}

/// SHA-256 of some bytes (FIPS 180-4).
public func sha256(_ bytes: [UInt8]) -> Digest {
    spare.withLockIfAvailable { $0.digest(of: bytes) } ?? DigestContext().digest(of: bytes)
}

/// To make a context costs as much as to hash an entry of the log: one is kept for whoever finds it free.
private let spare = Mutex(DigestContext())

/// Owns an EVP_MD_CTX for SHA-256. The algorithm is fetched once per process: libcrypto's one-shot calls look it up by name each
/// time, which costs several times the hash itself.
@safe struct DigestContext: ~Copyable {
    private let raw: OpaquePointer

    init() {
        guard let raw = unsafe EVP_MD_CTX_new() else { preconditionFailure("out of memory") }
        unsafe self.raw = raw
    }
    deinit { unsafe EVP_MD_CTX_free(raw) }

    func digest(of bytes: [UInt8]) -> Digest {
        begin()
        update(bytes)
        return Digest(words: finish())
    }
    func begin() {
        let begun = unsafe EVP_DigestInit_ex2(raw, algorithm.raw, nil)
        precondition(begun == 1, "libcrypto starts a SHA-256")
    }
    func update(_ bytes: [UInt8]) {
        let updated = unsafe EVP_DigestUpdate(raw, bytes, bytes.count)
        precondition(updated == 1, "libcrypto hashes memory it is given")
    }
    func update(_ words: (UInt64, UInt64, UInt64, UInt64)) {
        var bigEndian = (words.0.bigEndian, words.1.bigEndian, words.2.bigEndian, words.3.bigEndian)
        let updated = unsafe EVP_DigestUpdate(raw, &bigEndian, 32)
        precondition(updated == 1, "libcrypto hashes memory it is given")
    }
    /// The digest as four words in network order. `begin` or `resume` comes next.
    func finish() -> (UInt64, UInt64, UInt64, UInt64) {
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        var count: CUnsignedInt = 0
        let finished = unsafe withUnsafeMutableBytes(of: &words) { bytes in
            unsafe EVP_DigestFinal_ex(raw, bytes.baseAddress, &count)
        }
        precondition(finished == 1 && count == 32, "SHA-256 is 32 bytes")
        return (UInt64(bigEndian: words.0), UInt64(bigEndian: words.1), UInt64(bigEndian: words.2), UInt64(bigEndian: words.3))
    }
    /// Goes on from where another context stands, which stays as it is.
    func resume(from other: borrowing DigestContext) {
        let copied = unsafe EVP_MD_CTX_copy_ex(raw, other.raw)
        precondition(copied == 1, "libcrypto copies a SHA-256 under way")
    }
}

/// The fetched algorithm: never changed after its creation and never freed, so any thread may read it.
@safe private struct Algorithm: @unchecked Sendable {
    let raw: OpaquePointer
    init() {
        guard let raw = unsafe EVP_MD_fetch(nil, "SHA256", nil) else { preconditionFailure("libcrypto has no SHA-256") }
        unsafe self.raw = raw
    }
}
private let algorithm = Algorithm()
