internal import CLibCrypto

/// Signing and checking of checkpoints (Ed25519, RFC 8032). A seed and a public key are 32 bytes each, a signature 64.
public enum Ed25519 {
    /// The signature of `message` by the private key with this 32-byte seed, or nil where the seed has another length.
    public static func sign(_ message: [UInt8], seed: [UInt8]) -> [UInt8]? {
        guard let key = PrivateKey(seed: seed) else { return nil }
        return key.signature(of: message)
    }

    /// The public key of a seed, or nil where the seed has another length than 32 bytes.
    public static func publicKey(ofSeed seed: [UInt8]) -> [UInt8]? {
        guard let key = PrivateKey(seed: seed) else { return nil }
        return key.publicKey
    }

    /// Whether `signature` is one of `message` under `publicKey`. False for keys and signatures of a wrong length.
    public static func verify(_ signature: [UInt8], of message: [UInt8], publicKey: [UInt8]) -> Bool {
        guard signature.count == 64, let key = PublicKey(bytes: publicKey) else { return false }
        return key.accepts(signature, of: message)
    }
}

/// Owns an EVP_PKEY with a private half; libcrypto wipes it on release.
@safe private struct PrivateKey: ~Copyable {
    private let raw: OpaquePointer
    deinit { unsafe EVP_PKEY_free(raw) }

    init?(seed: [UInt8]) {
        guard seed.count == 32,
            let raw = unsafe EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nil, seed, seed.count)
        else { return nil }
        unsafe self.raw = raw
    }

    var publicKey: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 32)
        var count = 32
        let done = unsafe EVP_PKEY_get_raw_public_key(raw, &bytes, &count)
        precondition(done == 1 && count == 32, "an Ed25519 key has a 32-byte public half")
        return bytes
    }

    func signature(of message: [UInt8]) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 64)
        var count = 64
        unsafe withDigestContext { context in
            let begun = unsafe EVP_DigestSignInit(context, nil, nil, nil, raw)
            let signed = unsafe EVP_DigestSign(context, &bytes, &count, message, message.count)
            precondition(begun == 1 && signed == 1 && count == 64, "Ed25519 signs any message with a valid key")
        }
        return bytes
    }
}

/// Owns an EVP_PKEY with a public half only.
@safe private struct PublicKey: ~Copyable {
    private let raw: OpaquePointer
    deinit { unsafe EVP_PKEY_free(raw) }

    init?(bytes: [UInt8]) {
        guard bytes.count == 32,
            let raw = unsafe EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, bytes, bytes.count)
        else { return nil }
        unsafe self.raw = raw
    }

    func accepts(_ signature: [UInt8], of message: [UInt8]) -> Bool {
        unsafe withDigestContext { context in
            guard unsafe EVP_DigestVerifyInit(context, nil, nil, nil, raw) == 1 else { return false }
            return unsafe EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
        }
    }
}

private func withDigestContext<Result>(_ body: (OpaquePointer) -> Result) -> Result {
    guard let context = unsafe EVP_MD_CTX_new() else { preconditionFailure("out of memory") }
    defer { unsafe EVP_MD_CTX_free(context) }
    return unsafe body(context)
}
