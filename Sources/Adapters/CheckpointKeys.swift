import Cryptography
public import Events
import Glibc
import Quantities

/// The key that signs checkpoints: 32 bytes in hexadecimal digits, in a file that only its owner may read. Never in the database.
public struct CheckpointKey: Sendable {
    private let seed: [UInt8]
    public let publicKey: [UInt8]
    /// Names the key in a checkpoint: the first eight bytes of the SHA-256 of its public half, in hexadecimal digits.
    public let name: String

    private init?(seed: [UInt8]) {
        guard let publicKey = Ed25519.publicKey(ofSeed: seed) else { return nil }
        self.seed = seed
        self.publicKey = publicKey
        self.name = CheckpointKey.name(of: publicKey)
    }

    public static func name(of publicKey: [UInt8]) -> String { String(sha256(publicKey).description.prefix(16)) }

    /// Reads the file; throws a sentence that never shows the key. A file that others may read is refused.
    public init(file path: String) throws {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { throw AssemblyError("the checkpoint key \(path) cannot be read; make one with: fairlead log keygen \(path)") }
        guard status.st_mode & 0o077 == 0 else {
            throw AssemblyError("the checkpoint key \(path) may be read by others than its owner; close it with: chmod 0400 \(path)")
        }
        guard let text = try? readText(path, maximumBytes: 200),  // what is wrong with it is the sentence below
            let seed = bytes(hexadecimal: text.filter { !$0.isWhitespace }), let key = CheckpointKey(seed: seed)
        else { throw AssemblyError("the checkpoint key \(path) does not hold 64 hexadecimal digits") }
        self = key
    }

    /// Makes a key and writes it to a new file, mode 0400.
    public static func make(file path: String) throws -> CheckpointKey {
        let seed = secureRandomBytes(count: 32)
        guard let key = CheckpointKey(seed: seed) else { preconditionFailure("any 32 bytes are a seed") }
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o400)
        guard descriptor >= 0 else { throw AssemblyError("\(path) cannot be made: \(errno == EEXIST ? "it is there already" : "check the directory")") }
        defer { close(descriptor) }
        let text = Array((hexadecimal(seed) + "\n").utf8)
        guard unsafe write(descriptor, text, text.count) == text.count, fsync(descriptor) == 0 else {
            throw AssemblyError("\(path) was made but not written: check the disk, and remove it")
        }
        return key
    }

    public func sign(_ message: [UInt8]) -> [UInt8] {
        guard let signature = Ed25519.sign(message, seed: seed) else { preconditionFailure("the seed was checked when it was read") }
        return signature
    }

    /// The line of a trust file that makes this key trusted.
    public var trustLine: String { "ed25519 \(name) \(hexadecimal(publicKey))" }

    /// The line of a trust file that makes a successor trusted wherever this key is.
    public func successionLine(to successor: CheckpointKey) -> String {
        "successor \(hexadecimal(successor.publicKey)) of \(name) \(hexadecimal(sign(TrustedKeys.successionMessage(successor.publicKey))))"
    }
}

/// Public keys that a verifier trusts, from a file that was kept outside the database.
///
///     ed25519 NAME PUBLIC-KEY                   trusted
///     successor PUBLIC-KEY of NAME SIGNATURE    trusted where NAME is: signed by that key
public struct TrustedKeys: Sendable {
    private var keys: [String: [UInt8]] = [:]

    public init(file path: String) throws {
        let text: String
        do { text = try readText(path, maximumBytes: 1 << 20) } catch {
            throw AssemblyError("the trust file \(path) cannot be read: \(error.reason); it holds the lines that fairlead log keygen prints")
        }
        try self.init(text: text, name: path)
    }

    /// - Parameter name: of the file, for the sentences.
    public init(text: String, name: String) throws {
        for (place, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let words = line.split(separator: " ").map(String.init)
            if words.isEmpty || words[0].hasPrefix("#") { continue }
            let refusal = AssemblyError("\(name):\(place + 1): write 'ed25519 NAME PUBLIC-KEY' or 'successor PUBLIC-KEY of NAME SIGNATURE'")
            if words.count == 3, words[0] == "ed25519", let key = bytes(hexadecimal: words[2]), key.count == 32 {
                guard CheckpointKey.name(of: key) == words[1] else { throw AssemblyError("\(name):\(place + 1): the key's name is \(CheckpointKey.name(of: key)), not \(words[1])") }
                keys[words[1]] = key
            } else if words.count == 5, words[0] == "successor", words[2] == "of", let key = bytes(hexadecimal: words[1]), key.count == 32,
                let signature = bytes(hexadecimal: words[4])
            {
                guard let old = keys[words[3]], Ed25519.verify(signature, of: TrustedKeys.successionMessage(key), publicKey: old) else {
                    throw AssemblyError("\(name):\(place + 1): the key \(words[3]) is not trusted above this line, or did not sign this successor")
                }
                keys[CheckpointKey.name(of: key)] = key
            } else {
                throw refusal
            }
        }
        if keys.isEmpty { throw AssemblyError("the trust file \(name) names no key") }
    }

    static func successionMessage(_ publicKey: [UInt8]) -> [UInt8] { Array("fairlead-key/1\n\(hexadecimal(publicKey))\n".utf8) }

    /// Whether the key that a checkpoint names is trusted and made its signature.
    public func accepts(_ checkpoint: Checkpoint) -> Bool {
        guard let key = keys[checkpoint.key] else { return false }
        return Ed25519.verify(checkpoint.signature, of: checkpoint.message, publicKey: key)
    }
}
