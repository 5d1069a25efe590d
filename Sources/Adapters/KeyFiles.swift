public import Probing

extension ProbeKey {
    /// The key of a probe and its reflector: 32 to 128 hexadecimal digits in a file. Throws a sentence that never shows the key.
    public init(file path: String?) throws {
        guard let path else { throw AssemblyError("a probe needs a keyFile, the secret that it shares with its reflector") }
        let text: String
        do { text = try readText(path, maximumBytes: 4_096) } catch {
            throw AssemblyError("the key file \(path) cannot be read: \(error.reason); probe and reflector share it, and one is made with: openssl rand -hex 32")
        }
        let digits = text.filter { !$0.isWhitespace }
        let bytes = stride(from: 0, to: digits.count - 1, by: 2).compactMap { offset in
            let start = digits.index(digits.startIndex, offsetBy: offset)
            return UInt8(digits[start..<digits.index(start, offsetBy: 2)], radix: 16)
        }
        guard digits.count % 2 == 0, bytes.count * 2 == digits.count, let key = ProbeKey(bytes) else {
            throw AssemblyError("the key file \(path) does not hold 32 to 128 hexadecimal digits; make one with: openssl rand -hex 32")
        }
        self = key
    }
}
