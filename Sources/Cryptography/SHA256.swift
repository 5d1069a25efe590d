internal import CLibCrypto
public import Quantities

extension HashFunction {
    /// SHA-256 (FIPS 180-4) by libcrypto: the hash of production's log chain.
    public static let libcrypto = HashFunction { bytes in sha256(bytes) }
}

/// SHA-256 of some bytes (FIPS 180-4).
public func sha256(_ bytes: [UInt8]) -> Digest {
    let digest = unsafe [UInt8](unsafeUninitializedCapacity: 32) { output, count in
        unsafe bytes.withUnsafeBufferPointer { input in
            // The one-shot form: it cannot fail on memory it is given, and a nil input is legal at length 0.
            _ = unsafe CLibCrypto.SHA256(input.baseAddress, input.count, output.baseAddress)
        }
        count = 32
    }
    guard let digest = Digest(bytes: digest) else { preconditionFailure("SHA-256 is 32 bytes") }
    return digest
}
