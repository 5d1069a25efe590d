import Foundation
import Testing

/// A file of expected bytes beside the tests. Set FAIRLEAD_REWRITE_GOLDEN=1 to write what was found instead, and read the
/// difference: a line that changed without a new version is a broken log.
enum GoldenFile {
    static func expect(_ found: String, in name: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Golden/\(name)")
        if ProcessInfo.processInfo.environment["FAIRLEAD_REWRITE_GOLDEN"] == "1" {
            try Data(found.utf8).write(to: file)
        }
        let expected = try String(contentsOf: file, encoding: .utf8)
        #expect(found == expected, sourceLocation: sourceLocation)
    }

    static func text(_ name: String) throws -> String {
        try String(contentsOf: URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Golden/\(name)"), encoding: .utf8)
    }

    /// Bytes as lines of 32, in hexadecimal digits.
    static func lines(_ bytes: [UInt8]) -> String {
        stride(from: 0, to: bytes.count, by: 32).map { start in
            bytes[start..<min(start + 32, bytes.count)].map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined() + "\n"
        }.joined()
    }
}

/// Seeds from 1: a handful as a rule, ten times as many with FAIRLEAD_FULL=1.
func seeds(_ count: UInt64) -> ClosedRange<UInt64> {
    1...(ProcessInfo.processInfo.environment["FAIRLEAD_FULL"] == "1" ? count * 10 : count)
}
